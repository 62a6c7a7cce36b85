"""Who: participants, sign-ins, tokens and tickets, presence leases, and the error tree that every app raises from."""
