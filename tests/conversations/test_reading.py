"""Reading over REST: pages of messages, pages of the log, the read marker, unread counts."""

import pytest

from conversations import events
from conversations.models import Conversation, Membership
from tests.contract.shapes import EVENT_PAGE, MESSAGE_PAGE, assert_refused, assert_shape
from tests.personas import bring_in, client_of, conversation_of, person, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea(ada):
    """Entry 1 and 2 are joins, 3 to 12 messages."""
    conversation = conversation_of(ada, person("bob"))
    for number in range(3, 13):
        say(ada, conversation, f"m{number}")
    return conversation


def page(who, conversation, query=""):
    body = client_of(who).get(f"conversations/{conversation.pk}/messages{query}").json()
    assert_shape(body, MESSAGE_PAGE)
    return [message["sequence_id"] for message in body["messages"]], body["has_more"]


@pytest.mark.parametrize(
    ("query", "numbers", "has_more"),
    [
        ("", range(3, 13), False),
        ("?limit=4", range(9, 13), True),
        ("?limit=10", range(3, 13), False),
        ("?before=9", range(3, 9), False),
        ("?before=9&limit=2", [7, 8], True),
        ("?before=3", [], False),
        ("?before=0", [], False),
        ("?before=9007199254740992&limit=1", [12], True),
        ("?after=9", [10, 11, 12], False),
        ("?after=0&limit=3", [3, 4, 5], True),
        ("?after=12", [], False),
        ("?after=9007199254740992", [], False),
        ("?after=4&before=8", [5, 6, 7], False),
        ("?after=4&before=8&limit=2", [5, 6], True),
        ("?around=7&limit=4", [6, 7, 8, 9], True),
        ("?around=7&limit=1", [8], True),
        ("?around=0&limit=3", [3, 4, 5], True),
        ("?around=99&limit=4", [11, 12], True),
        ("?around=7&limit=100", range(3, 13), False),
        ("?limit=1000", range(3, 13), False),
    ],
)
def test_pages_of_messages_are_ascending(ada, tea, query, numbers, has_more):
    assert page(ada, tea, query) == (list(numbers), has_more)


def test_a_page_holds_fifty_by_default_and_a_hundred_at_most(ada):
    tea = conversation_of(ada)
    for _ in range(102):
        say(ada, tea)
    assert [len(page(ada, tea, query)[0]) for query in ("", "?limit=100", "?limit=5000")] == [50, 100, 100]


def test_going_back_page_by_page_meets_every_message_once(ada, tea):
    seen: list[int] = []
    while True:
        numbers, has_more = page(ada, tea, f"?limit=3&before={seen[0] if seen else 99}")
        seen = numbers + seen
        if not has_more:
            break
    assert seen == list(range(3, 13))


@pytest.mark.parametrize("below", ["messages", "events"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "after=-1", "after=x", "after=1.5", f"after={2**53 + 1}", "after=%00"]
)
def test_numbers_that_are_none_are_refused(ada, tea, below, query):
    assert_refused(client_of(ada).get(f"conversations/{tea.pk}/{below}?{query}"), 400, "validation_error")


# --- the log ----------------------------------------------------------------------------------------------------------


def log(who, conversation, query=""):
    body = client_of(who).get(f"conversations/{conversation.pk}/events{query}").json()
    assert_shape(body, EVENT_PAGE)
    for frame in body["events"]:
        events.ENTRY.validate_json(events.ENTRY.dump_json(events.ENTRY.validate_python(frame)))
    return body


@pytest.mark.parametrize(
    ("query", "numbers", "has_more"),
    [
        ("", range(1, 13), False),
        ("?after=0", range(1, 13), False),
        ("?after=10", [11, 12], False),
        ("?after=12", [], False),
        ("?after=99", [], False),
        ("?after=2&limit=3", [3, 4, 5], True),
        ("?after=2&limit=10", range(3, 13), False),
    ],
)
def test_the_log_is_read_from_a_number_on(ada, tea, query, numbers, has_more):
    body = log(ada, tea, query)
    assert [frame["sequence_id"] for frame in body["events"]] == list(numbers)
    assert (body["has_more"], body["first_sequence_id"], body["current_sequence_id"]) == (has_more, 1, 12)


def test_a_page_of_the_log_has_a_hundred_entries_by_default_and_300_at_most(ada):
    tea = conversation_of(ada)
    for _ in range(302):
        say(ada, tea)
    lengths = [len(log(ada, tea, query)["events"]) for query in ("", "?limit=300", "?limit=9999")]
    assert lengths == [100, 300, 300]


def test_a_page_of_the_log_also_ends_at_512_kib_with_one_entry_at_least(ada, settings):
    tea = conversation_of(ada)
    for _ in range(12):
        say(ada, tea, "🍵" * 10_000)
    body = client_of(ada).get(f"conversations/{tea.pk}/events")
    assert body.json()["has_more"] is True
    assert len(body.content) < 513 * 1024
    settings.CHAT_PAGE_BYTES = 1
    assert [frame["sequence_id"] for frame in log(ada, tea, "?after=4")["events"]] == [5]


def test_what_retention_has_cut_is_gone(ada, tea):
    Conversation.objects.filter(pk=tea.pk).update(first_sequence=6)
    path = f"conversations/{tea.pk}/events"
    for after in (0, 1, 4):
        assert_refused(client_of(ada).get(f"{path}?after={after}"), 410, "sequence_too_old", first_sequence_id=6)
    for query in ("", "?after=5"):
        assert [frame["sequence_id"] for frame in log(ada, tea, query)["events"]] == list(range(6, 13))
    assert log(ada, tea)["first_sequence_id"] == 6
    assert page(ada, tea)[0] == list(range(6, 13))


def test_a_newcomer_under_from_join_has_lost_nothing_to_retention(ada, tea):
    cleo = bring_in(tea)
    Conversation.objects.filter(pk=tea.pk).update(first_sequence=12, history="from_join")
    assert [frame["sequence_id"] for frame in log(cleo, tea, "?after=0")["events"]] == [13]
    assert_refused(
        client_of(ada).get(f"conversations/{tea.pk}/events?after=3"), 410, "sequence_too_old", first_sequence_id=12
    )


# --- what is read -----------------------------------------------------------------------------------------------------


def mark(who, conversation, sequence):
    return client_of(who).post(f"conversations/{conversation.pk}/read", {"sequence_id": sequence})


def test_the_read_marker_moves_forward_and_never_back(tea):
    bob = tea.memberships.get(participant__username="bob").participant
    steps = [(5, 5, 7), (3, 5, 7), (0, 5, 7), (12, 12, 0), (11, 12, 0)]
    for asked, marker, unread in steps:
        answer = mark(bob, tea, asked)
        assert (answer.status_code, answer.json()) == (200, {"last_read_sequence_id": marker, "unread_count": unread})


def test_the_read_marker_never_passes_the_end(tea):
    bob = tea.memberships.get(participant__username="bob").participant
    assert mark(bob, tea, 2**53).json() == {"last_read_sequence_id": 12, "unread_count": 0}


@pytest.mark.parametrize("sequence", [-1, 1.5, "x", "5", None, True, [1], 2**53 + 1, 10**30])
def test_a_read_marker_is_a_number_of_the_log(ada, tea, sequence):
    answer = mark(ada, tea, sequence)
    assert_refused(answer, 400, answer.json()["code"])


def test_an_outsider_has_no_marker(tea):
    assert_refused(mark(person(), tea, 5), 403, "not_a_participant")


def test_ones_own_messages_and_other_entries_are_never_unread(ada, tea):
    for _ in range(3):
        bring_in(tea)
    (row,) = client_of(ada).get("conversations").json()["conversations"]
    assert row["unread_count"] == 0


def test_a_newcomer_has_nothing_unread(tea):
    (row,) = client_of(bring_in(tea)).get("conversations").json()["conversations"]
    assert row["unread_count"] == 0


def test_counting_ends_one_past_the_bound(ada, tea, settings):
    settings.CHAT_UNREAD_COUNTED = 4
    bob = tea.memberships.get(participant__username="bob").participant
    counts = [mark(bob, tea, sequence).json()["unread_count"] for sequence in (2, 7, 8, 9, 12)]
    assert counts == [5, 5, 4, 3, 0]


# --- from joining on --------------------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(ada, tea):
    """Number 13 hides history, 14 is their joining, 15 and 16 come after it."""
    client_of(ada).patch(f"conversations/{tea.pk}", {"history": "from_join"})
    cleo = bring_in(tea, who=person("cleo"))
    say(ada, tea, "m15")
    say(ada, tea, "m16")
    return cleo


def test_nothing_from_before_joining_is_read(tea, newcomer):
    assert page(newcomer, tea) == ([15, 16], False)
    assert page(newcomer, tea, "?before=15") == ([], False)
    assert page(newcomer, tea, "?around=5") == ([15, 16], False)
    assert page(newcomer, tea, "?after=0") == ([15, 16], False)
    body = log(newcomer, tea)
    assert [frame["sequence_id"] for frame in body["events"]] == [14, 15, 16]
    assert (body["first_sequence_id"], body["current_sequence_id"]) == (14, 16)
    detail = client_of(newcomer).get(f"conversations/{tea.pk}").json()
    assert ([m["sequence_id"] for m in detail["messages"]], detail["first_sequence_id"]) == ([15, 16], 14)
    assert detail["unread_count"] == 2


def test_one_message_from_before_is_not_found(ada, tea, newcomer):
    (hidden, _) = client_of(ada).get(f"conversations/{tea.pk}/messages?before=5").json()["messages"]
    assert_refused(client_of(newcomer).get(f"messages/{hidden['id']}"), 404, "not_found")
    assert client_of(ada).get(f"messages/{hidden['id']}").status_code == 200


def test_the_preview_of_the_list_shows_nothing_from_before(ada, newcomer):
    coffee = conversation_of(ada, history="from_join")
    say(ada, coffee, "the secret")
    bring_in(coffee, who=newcomer)
    answer = client_of(newcomer).get("conversations")
    rows = {row["id"]: row for row in answer.json()["conversations"]}
    assert rows[str(coffee.pk)]["last_message_preview"] is None
    assert b"secret" not in answer.content
    assert client_of(ada).get("conversations").json()["conversations"][0]["last_message_preview"] == "the secret"


def test_the_latest_joining_counts(tea, newcomer):
    client_of(newcomer).delete(f"conversations/{tea.pk}/leave")
    bring_in(tea, who=newcomer)
    assert page(newcomer, tea) == ([], False)
    assert log(newcomer, tea)["first_sequence_id"] == 18


def test_showing_everything_again_shows_everything(ada, tea, newcomer):
    client_of(ada).patch(f"conversations/{tea.pk}", {"history": "all"})
    assert page(newcomer, tea)[0] == [*range(3, 13), 15, 16]


def test_the_marker_at_joining_hides_no_unread_message(tea, newcomer):
    assert Membership.objects.get(conversation=tea, participant=newcomer).last_read_sequence == 14
