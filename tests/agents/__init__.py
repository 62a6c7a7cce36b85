"""Conversations, members, messages and the log, over REST and below it."""
