"""Here and now: frames, the session rules without I/O, the hub of a process, sockets and replay."""
