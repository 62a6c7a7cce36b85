"""Pictures of the main pages, of a real server with people on it."""
