"""Group commit: a batch is one transaction, and what is wrong with one of it harms no other."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection

from conversations.models import Event
from conversations.services import sends
from conversations.writer import Writer
from participants.errors import ChatError, Forbidden, InvalidInput, LimitExceeded
from tests.personas import bring_in, conversation_of, entries_of, person

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


class Gate:
    """A commit that waits for ``open`` and keeps what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        self.batches.append(list(items))
        self.reached.set()
        assert self.open.wait(PATIENCE)
        return [item if isinstance(item, ChatError) else f"stored {item}" for item in items]


def submit_all(writer: Writer[Any, Any], items: Sequence[Any]) -> list[Future[Any]]:
    """Submit in order; what becomes of each."""
    futures: list[Future[Any]] = [Future() for _ in items]
    for item, future in zip(items, futures, strict=True):
        writer.submit(item, future.set_result)
    return futures


def results(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.result(PATIENCE) for future in futures]


def test_what_gathers_during_a_commit_is_the_next_batch_in_order():
    gate = Gate()
    writer: Writer[Any, Any] = Writer(gate)
    first = submit_all(writer, [0])
    assert gate.reached.wait(PATIENCE)
    rest = submit_all(writer, range(1, 6))
    gate.open.set()
    assert results(first + rest) == [f"stored {number}" for number in range(6)]
    assert gate.batches == [[0], [1, 2, 3, 4, 5]]


def test_past_its_bound_the_queue_says_so_and_takes_nothing(settings):
    settings.CHAT_QUEUED_SENDS = 2
    gate = Gate()
    writer: Writer[Any, Any] = Writer(gate)
    taken = submit_all(writer, [0])
    assert gate.reached.wait(PATIENCE)
    taken += submit_all(writer, [1, 2])
    with pytest.raises(LimitExceeded) as refused:
        writer.submit(3, lambda outcome: None)
    assert (refused.value.code, refused.value.data) == ("queue_full", {"queue_size": 2, "queue_limit": 2})
    gate.open.set()
    assert results(taken) == ["stored 0", "stored 1", "stored 2"]


def test_one_that_breaks_the_batch_fails_alone():
    def commit(items: Sequence[str]) -> list[str]:
        if "bad" in items:
            raise DataError("no database takes this")
        return list(items)

    gate = Gate()

    def gathered(items: Sequence[str]) -> list[str]:
        gate.reached.set()
        assert gate.open.wait(PATIENCE)
        return commit(items)

    writer: Writer[str, str] = Writer(gathered)
    first = submit_all(writer, ["first"])
    assert gate.reached.wait(PATIENCE)
    futures = submit_all(writer, ["a", "bad", "b"])
    gate.open.set()
    assert results(first) == ["first"]
    outcomes = results(futures)
    assert (outcomes[0], outcomes[2]) == ("a", "b")
    assert isinstance(outcomes[1], ChatError)
    assert outcomes[1].code == "internal_error"


def test_a_lost_connection_is_replaced_and_the_batch_stored():
    if connection.vendor != "postgresql":
        pytest.skip("a file loses no connection: python -m tests.engines -- ./script/test …")
    sessions = []

    def commit(items: Sequence[str]) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            sessions.append(cursor.fetchone())
            if len(sessions) == 1:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return list(items)

    writer: Writer[str, str] = Writer(commit)
    assert results(submit_all(writer, ["a"])) == ["a"]
    assert len(set(sessions)) == 2


def test_a_database_that_refuses_is_unavailable_and_nothing_is_repeated():
    calls = []

    def commit(items: Sequence[str]) -> list[str]:
        calls.append(list(items))
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        raise OperationalError("lock timeout")

    writer: Writer[str, str] = Writer(commit)
    outcomes = results(submit_all(writer, ["a"]))
    assert [outcome.code for outcome in outcomes] == ["unavailable"]
    assert calls == [["a"]]


def test_a_commit_that_answers_for_too_few_leaves_nobody_waiting_and_the_writer_alive():
    answers = iter([[], ["b"]])
    writer: Writer[str, str] = Writer(lambda items: next(answers))
    assert results(submit_all(writer, ["a"]))[0].code == "internal_error"
    assert results(submit_all(writer, ["b"])) == ["b"]


# --- what is sent together --------------------------------------------------------------------------------------------


def send(author, conversation, content, key=None, **fields):
    return sends.message_prepare(
        author=author, conversation_id=conversation.pk, content=content, message_id=key, **fields
    )


def outcome_of(outcome: Any) -> Any:
    """What a test compares: the number of a stored message, or the code of a refusal."""
    return outcome.code if isinstance(outcome, ChatError) else (outcome.event.sequence, outcome.duplicate)


def test_each_of_a_batch_gets_its_own_answer():
    ada, ben, eve = person("ada"), person("ben"), person("eve")
    tea, gin = conversation_of(ada), conversation_of(ben)
    bring_in(tea, "observer", ben)
    end = tea.last_sequence
    outcomes = sends._store(
        [
            send(ada, tea, "one", "k1"),
            send(eve, tea, "not a member"),
            send(ada, tea, "one", "k1"),
            send(ben, tea, "an observer"),
            send(ada, tea, "other", "k1"),
            send(ben, gin, "elsewhere"),
            send(ada, tea, "two"),
        ]
    )
    assert [outcome_of(outcome) for outcome in outcomes] == [
        (end + 1, False),
        "not_a_participant",
        (end + 1, True),
        "role_too_low",
        "message_conflict",
        (2, False),
        (end + 2, False),
    ]
    assert isinstance(outcomes[1], Forbidden)
    assert [row.content for row in Event.objects.filter(conversation=tea).messages()] == ["one", "two"]
    tea.refresh_from_db()
    gin.refresh_from_db()
    assert (tea.last_sequence, gin.last_sequence) == (end + 2, 2)


def test_slow_mode_holds_within_a_batch_too():
    ada, ben = person("ada"), person("ben")
    tea = conversation_of(ada)
    bring_in(tea, "member", ben)
    type(tea).objects.filter(pk=tea.pk).update(slow_mode_s=60)
    end = tea.last_sequence
    outcomes = sends._store([send(ben, tea, "one"), send(ben, tea, "two"), send(ada, tea, "an owner")])
    assert [outcome_of(outcome) for outcome in outcomes] == [(end + 1, False), "slow_mode", (end + 2, False)]


def test_a_reply_to_another_conversation_is_refused_alone():
    ada = person("ada")
    tea, gin = conversation_of(ada), conversation_of(ada)
    (first,) = sends._store([send(ada, gin, "in gin")])
    assert not isinstance(first, ChatError)
    outcomes = sends._store(
        [send(ada, tea, "x", reply_to=first.event.pk), send(ada, gin, "y", reply_to=first.event.pk)]
    )
    assert isinstance(outcomes[0], InvalidInput)
    assert outcome_of(outcomes[1]) == (3, False)


def test_a_batch_costs_as_many_statements_as_one(django_assert_num_queries):
    ada, ben = person("ada"), person("ben")
    tea, gin = conversation_of(ada), conversation_of(ben)
    bring_in(tea, "member", ben)
    (first,) = sends._store([send(ada, tea, "first")])
    assert not isinstance(first, ChatError)
    statements = 8  # begin, lock, members, known, replied, insert, advance, commit
    with django_assert_num_queries(statements):
        sends._store([send(ada, tea, "one", "k1", reply_to=first.event.pk)])
    batch = [send(who, tea, f"{number}", f"key {number}") for number in range(20) for who in (ada, ben)]
    with django_assert_num_queries(statements):
        outcomes = sends._store([*batch, send(ben, gin, "x", "k"), send(ada, tea, "y", reply_to=first.event.pk)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, ChatError)]
    assert [entry.type for entry in entries_of(tea)].count("message") == 43


def test_a_batch_that_is_tried_again_stores_nothing_twice_and_counts_nothing_twice(settings):
    """As after a connection that was lost while it was being committed."""
    settings.CHAT_RATE_LIMITS = "on"
    ada = person("ada")
    tea = conversation_of(ada)
    end = tea.last_sequence
    batch = [send(ada, tea, "without a key"), send(ada, tea, "with one", "k"), send(ada, tea, "without a key")]
    for _ in range(8):  # ten at once is what the limit takes
        outcomes = sends._store(batch)
        assert [outcome_of(outcome) for outcome in outcomes] == [(end + number, False) for number in (1, 2, 3)]
    assert [entry.content for entry in entries_of(tea)[end:]] == ["without a key", "with one", "without a key"]
    assert outcome_of(sends._store([send(ada, tea, "with one", "k")])[0]) == (end + 2, True)
