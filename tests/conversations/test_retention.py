"""What is kept for how long; and that what is gone is gone from every file."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from conversations.models import Attachment, Conversation, Event, Mention, Reaction, Revision
from conversations.services.retention import retention_apply
from participants import services
from tests.contract.shapes import assert_refused
from tests.personas import PASSWORD, client_of, conversation_of, entries_of, person, say

CANARY = "xylophonecanary"


@pytest.fixture
def tea(ada, ben):
    return conversation_of(ada, ben, retention_days=30)


def age(conversation, up_to, days=31):
    """Make the entries up to a number older. Their digests do not fit their times any more."""
    rows = Event.objects.filter(conversation=conversation, sequence__lte=up_to)
    QuerySet.update(rows, created_at=timezone.now() - timedelta(days=days))


def fill(ada, ben, tea):
    old = say(ben, tea, "old @ada")
    client_of(ada).send("PUT", f"messages/{old.pk}/pin")
    client_of(ada).send("PUT", f"messages/{old.pk}/reactions/%F0%9F%91%8D")
    client_of(ben).patch(f"messages/{old.pk}", {"content": "old and edited @ada"})
    return old


@pytest.mark.django_db
def test_what_is_too_old_goes_with_all_that_hangs_on_it(ada, ben, tea):
    old = fill(ada, ben, tea)
    reply = say(ben, tea, "reply", reply_to=old.pk)
    client_of(ben).patch(f"messages/{old.pk}", {"content": "late edit"})
    age(tea, reply.sequence - 1)
    assert retention_apply() == reply.sequence - 1
    assert retention_apply() == 0
    tea.refresh_from_db()
    assert (tea.first_sequence, tea.pins) == (reply.sequence, [])
    for rows in (Revision.objects.all(), Reaction.objects.all(), Mention.objects.all()):
        assert not rows.exists()
    api = client_of(ada)
    detail = api.get(f"conversations/{tea.pk}").json()
    assert detail["first_sequence_id"] == reply.sequence
    assert [message["content"] for message in detail["messages"]] == ["reply"]
    assert_refused(
        api.get(f"conversations/{tea.pk}/events?after=2"), 410, "sequence_too_old", first_sequence_id=reply.sequence
    )
    page = api.get(f"conversations/{tea.pk}/events").json()["events"]
    assert [frame["type"] for frame in page] == ["message", "withheld"]
    assert page[0]["reply_to"] == str(old.pk)
    assert_refused(api.get(f"messages/{old.pk}"), 404, "not_found")
    assert api.get(f"messages/{reply.pk}/thread").json()["total"] == 1
    assert api.get("search?q=edited").json()["total"] == 0
    call_command("verify_log", str(tea.pk))
    say(ben, tea, "on it goes")
    call_command("verify_log", str(tea.pk))


@pytest.mark.django_db
def test_the_shorter_of_both_times_counts(ada, ben, settings):
    own, both, none = (conversation_of(ada, ben, retention_days=days) for days in (30, 5, None))
    for conversation in (own, both, none):
        say(ben, conversation)
        age(conversation, 3, days=10)
        say(ben, conversation)

    def first():
        return list(Conversation.objects.order_by("created_at").values_list("first_sequence", flat=True))

    retention_apply()
    assert first()[::2] == [1, 1]
    assert first()[1] > 1
    settings.CHAT_RETENTION_DAYS = 7
    retention_apply()
    assert all(number > 1 for number in first())


@pytest.mark.django_db
def test_the_newest_entry_stays(ada, ben, tea):
    last = say(ben, tea)
    age(tea, last.sequence)
    retention_apply()
    assert [entry.pk for entry in entries_of(tea)] == [last.pk]


@pytest.mark.django_db
def test_large_logs_are_cut_in_portions(ada, ben, tea, settings):
    settings.CHAT_RETENTION_ENTRIES = 3
    for number in range(10):
        last = say(ben, tea, f"{number}")
    age(tea, last.sequence - 1)
    assert retention_apply() == last.sequence - 1
    assert len(entries_of(tea)) == 1


def files_of_the_database() -> list[Path]:
    """Where the text is on disk; PostgreSQL's own files are looked through by table."""
    path = Path(str(connection.settings_dict["NAME"]))
    return [each for each in path.parent.glob(f"{path.name}*") if each.is_file()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("postgres" in os.environ.get("DATABASE_URL", ""), reason="looks into the files of SQLite")
def test_after_compacting_a_deleted_text_is_in_no_file(ada, ben, tea):
    message = say(ben, tea, CANARY)
    client_of(ben).patch(f"messages/{message.pk}", {"content": f"{CANARY} again"})
    for _ in range(50):
        say(ben, tea, "other words")
    assert any(CANARY.encode() in path.read_bytes() for path in files_of_the_database())
    assert client_of(ben).delete(f"messages/{message.pk}").status_code == 204
    assert client_of(ben).get(f"search?q={CANARY}").json()["total"] == 0
    call_command("compact")
    found = [path for path in files_of_the_database() if CANARY.encode() in path.read_bytes()]
    assert found == []
    assert client_of(ben).get("search?q=other").json()["total"] == 50


def dump() -> str:
    """Everything in every table, as text."""
    with connection.cursor() as cursor:
        text = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            text.append(f"{table}: {cursor.fetchall()}")
    return "\n".join(text)


@pytest.mark.django_db
def test_a_closed_account_leaves_nothing_of_its_person(ada, tea):
    eve = person("evelyncanary", password=PASSWORD, display_name="Evelyncanary", email="evelyncanary@example.org")
    client_of(ada).post(f"conversations/{tea.pk}/participants", {"participant": "evelyncanary"})
    message = say(eve, tea, "what I said stays")
    api = client_of(eve)
    api.send("PUT", f"conversations/{tea.pk}/draft", {"content": "draftcanary"})
    api.send("PUT", f"messages/{message.pk}/reactions/%F0%9F%91%8D")
    services.account_close(participant=eve)
    text = dump().lower()
    assert "evelyncanary" not in text
    assert "draftcanary" not in text
    shown = client_of(ada).get(f"messages/{message.pk}").json()
    assert shown["participant"]["display_name"] == "Deleted participant"
    assert shown["content"] == "what I said stays"
    call_command("verify_log", str(tea.pk))
    assert not Attachment.objects.filter(uploader=eve).exists()
