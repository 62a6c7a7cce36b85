"""What can be done to a conversation: one function a command, the same for REST, sockets, pages and the admin.

Each takes keywords only, decides on locked rows in the transaction that writes, and raises ChatError only.
"""
