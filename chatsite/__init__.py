"""The site: settings, ASGI application, route table, health, metrics and the server. Imported by no other app."""
