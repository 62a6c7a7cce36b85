"""SQLite for a server: write-ahead logging, set once for the file."""
