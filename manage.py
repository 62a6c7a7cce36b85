#!/usr/bin/env python
"""Django's command line for the chat platform."""

import os
import sys


def main() -> None:
    """Run the management command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    if {"serve", "provision"} & set(sys.argv[1:2]):
        # Before the settings are read, which want a key: these two are how an installation begins.
        from chatsite import paths, secret_key

        secret_key.ensure(paths.SECRET_KEY_FILE)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
