"""``manage.py apply_audit_retention``: what the audit log no longer keeps goes, at once. The server does it daily."""

from typing import Any

from django.core.management.base import BaseCommand

from participants.audit import retention


class Command(BaseCommand):
    """Delete rows and shorten addresses that are past their time."""

    help = (
        "Deletes rows of the audit log that are past their time and shortens older addresses. The server does so daily."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, and say what was done."""
        deleted, shortened = retention.retention_apply()
        self.stdout.write(f"{deleted} rows deleted, {shortened} addresses shortened.")
