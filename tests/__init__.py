"""Tests, one package an app, and what they run on: engines, servers and personas."""
