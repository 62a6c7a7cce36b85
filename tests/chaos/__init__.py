"""Faults against real processes, and proof from outside: docs/reliability.md. ``./script/chaos --list`` lists them."""
