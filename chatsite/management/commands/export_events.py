"""``manage.py export_events [--check]``: writes the pages that are made from code, or tells which are out of date."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatsite import protocol_document, settings_document
from chatsite.paths import BASE_DIR

DOCS = BASE_DIR / "docs"
TEMPLATES = DOCS / "templates"
MADE: dict[str, Callable[[str], str]] = {
    "protocol.md": protocol_document.render,
    "settings.md": settings_document.render,
}


def documents() -> dict[Path, str]:
    """Each page as the code has it now; raises Undocumented."""
    return {DOCS / name: render((TEMPLATES / name).read_text(encoding="utf-8")) for name, render in MADE.items()}


class Command(BaseCommand):
    """Makes ``docs/protocol.md`` and ``docs/settings.md`` from the catalogue, the settings and their templates."""

    help = "Write the documents that are made from code; with --check, fail if one of them is out of date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to write."""
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something would change")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare."""
        try:
            made = documents()
        except protocol_document.Undocumented as error:
            raise CommandError(str(error)) from error
        stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        names = ", ".join(str(path.relative_to(BASE_DIR)) for path in stale)
        if options["check"]:
            if stale:
                raise CommandError(f"Out of date: {names}. Run manage.py export_events, and commit what it writes.")
            return
        for path in stale:
            path.write_text(made[path], encoding="utf-8")
        self.stdout.write(f"Written: {names}" if stale else "Nothing has changed.")
