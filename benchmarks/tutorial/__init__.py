"""The yardstick: the chat that the Channels tutorial leads to, with every message saved. Served by Daphne."""
