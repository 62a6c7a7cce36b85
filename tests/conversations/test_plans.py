"""The way of a message and of a page follows indexes: what was said before makes it no slower."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.services import sends
from realtime import replay
from tests.personas import bring_in, client_of, conversation_of, say

pytestmark = pytest.mark.django_db

# Rows that are no table's: the values that a statement came with.
_NO_TABLE = re.compile(r"SCAN (wanted|\d+ CONSTANT ROWS|CONSTANT ROW|\(subquery|json_each)")


def scans(statements: list[str]) -> list[str]:
    """The steps of their plans that read a whole table."""
    found = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # the tables of a test are too small for an index else
        for statement in statements:
            cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + statement)
            steps = [str(row[-1]) for row in cursor.fetchall()]
            wrong = [
                step
                for step in steps
                if "Seq Scan" in step or (step.startswith("SCAN") and not _NO_TABLE.match(step) and "INDEX" not in step)
            ]
            found += [f"{step} in {statement}" for step in wrong]
    return found


def captured(act) -> list[str]:
    """The SELECTs of ``act``, which is done twice, so that what a process looks up once is not among them."""
    act()
    with CaptureQueriesContext(connection) as context:
        act()
    statements = [query["sql"] for query in context.captured_queries]
    return [statement for statement in statements if statement.startswith(("SELECT", "WITH"))]


@pytest.fixture
def tea(ada):
    conversation = conversation_of(ada)
    for number in range(3):
        say(bring_in(conversation), conversation, content=f"said {number}")
    return conversation


def test_a_batch_of_messages_reads_nothing_but_by_index(ada, tea):
    def send():
        first = say(ada, tea)
        batch = [
            sends.message_prepare(
                author=ada, conversation_id=tea.pk, content="hello", message_id=uuid.uuid4().hex, reply_to=first.pk
            )
            for _ in range(3)
        ]
        outcomes = sends._store(batch)
        assert [type(outcome) for outcome in outcomes] == [sends.Sent] * 3

    statements = captured(send)
    assert any("wanted.message" in statement for statement in statements)
    assert scans(statements) == []


def test_a_repeated_message_is_found_by_its_key_however_much_its_author_has_said(ada, tea):
    def send(count):
        keys = [uuid.uuid4().hex for _ in range(count)]
        sends._store(
            [sends.message_prepare(author=ada, conversation_id=tea.pk, content="x", message_id=key) for key in keys]
        )

    send(5_000)  # PostgreSQL has no statistics of them: what it does not know must not make it choose another index
    (statement,) = (text for text in captured(lambda: send(3)) if "wanted.message" in text)
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + statement)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "event_message_id_unique" in plan or "INDEX sqlite_autoindex" in plan, plan


@pytest.mark.parametrize(
    "path",
    ["messages", "messages?before=3", "messages?after=2", "messages?around=2", "events?after=1"],
)
def test_a_page_of_history_is_read_by_index(ada, tea, path):
    statements = captured(lambda: client_of(ada).get(f"conversations/{tea.pk}/{path}"))
    assert statements
    assert scans(statements) == []


def test_what_a_socket_missed_is_read_by_index(ada, tea):
    def resume():
        found = replay.snapshot(ada, tea.pk)
        replay.entries_after(tea.pk, 1)
        replay.positions([tea.pk])
        replay.page(ada, tea.pk, 1, with_participants=True)
        assert found.current > 3

    statements = captured(resume)
    assert statements
    assert scans(statements) == []
