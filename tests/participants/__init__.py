"""Participants and sign-ins, over REST and below it."""
