"""A server trims the audit log by itself, once a day however many servers there are."""

import json
import time
import uuid
from collections.abc import Callable

import pytest

from chatsite.upkeep import Upkeep
from participants import limits
from participants.audit import retention
from participants.models import AuditEvent
from tests.participants.test_audit import old_row
from tests.servers import Installation, Installations, ServerProcess

PATIENCE = 60.0
OLD = """
from datetime import timedelta
from django.utils import timezone
from participants.models import AuditEvent
AuditEvent.objects.create(action="signed_in", at=timezone.now() - timedelta(days=400))
"""
ACTIONS = """
import json
from participants.models import AuditEvent
print(json.dumps([row.action for row in AuditEvent.objects.all()]))
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_what_is_past_its_time_goes_once_a_day() -> None:
    claim = uuid.uuid4().hex
    old_row(days=400)
    with Upkeep(seconds=0.01, claim=claim) as first:
        wait_until(lambda: list(AuditEvent.objects.values_list("action", flat=True)) == ["audit_trimmed"])
        old_row(days=400)
        with Upkeep(seconds=0.01, claim=claim) as second:  # another server: the day is done
            wait_until(lambda: second.rounds > 2 and first.rounds > 2)
    assert AuditEvent.objects.count() == 2
    assert not first._thread.is_alive()
    assert not second._thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_failure_ends_neither_the_thread_nor_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> tuple[int, int]:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(retention, "retention_apply", fail)
    monkeypatch.setattr(limits, "is_first_in", lambda seconds, key: True)
    with Upkeep(seconds=0.01) as working:
        wait_until(lambda: working.rounds > 2)


def actions(installation: Installation) -> list[str]:
    found: list[str] = json.loads(installation.manage("shell", "--verbosity=0", "-c", ACTIONS))
    return found


@pytest.mark.slow
def test_a_server_does_it_by_itself(installations: Installations) -> None:
    installation = installations.create()
    installation.manage("shell", "-c", OLD)
    with ServerProcess(installation) as server:
        wait_until(lambda: actions(installation) == ["audit_trimmed"])
    server.assert_clean_log()
