"""Unread counts look at an index alone, and are what counting by hand gives, whatever happened."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import reading
from conversations.models import Conversation, Event, Membership, Mention
from tests.personas import bring_in, client_of, conversation_of, person, say, take_out

pytestmark = pytest.mark.django_db


def by_hand(member: Membership) -> tuple[int, int]:
    """Messages of others behind the marker that are not deleted; of those, the ones that name the member."""
    rows = Event.objects.filter(conversation=member.conversation, sequence__gt=member.last_read_sequence)
    unread = [row for row in rows.messages() if row.deleted_at is None and row.author_id != member.participant_id]
    named = [row for row in unread if str(member.participant_id) in row.data.get("mentions", [])]
    return len(unread), len(named)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("history", ["all", "from_join"])
def test_counts_are_what_counting_by_hand_gives(seed, history):
    chance = random.Random(seed)
    ada, ben = person("ada"), person("ben")
    tea = conversation_of(ada, ben, history=history)
    guests = [person(f"guest{number}") for number in range(3)]
    inside = [ada, ben]
    sent: list[Event] = []
    for _ in range(80):
        who, deed = chance.choice(inside), chance.random()
        outside = [each for each in guests if each not in inside]
        if deed < 0.5:
            sent.append(say(who, tea, chance.choice(["hello", "@ada", "@guest1 @ben", "@all"])))
        elif deed < 0.65 and sent:
            own = chance.choice(sent)
            assert own.author is not None
            client_of(own.author).patch(f"messages/{own.pk}", {"content": chance.choice(["bye", "@guest2", "@ben"])})
        elif deed < 0.8 and sent:
            client_of(ada).delete(f"messages/{chance.choice(sent).pk}")
        elif deed < 0.9:
            tea.refresh_from_db()
            at = chance.randrange(1, tea.last_sequence + 1)
            client_of(who).post(f"conversations/{tea.pk}/read", {"sequence_id": at})
        elif outside:
            inside.append(bring_in(tea, who=chance.choice(outside)))
        elif inside[2:]:
            take_out(tea, inside.pop())
    members = list(Membership.objects.filter(conversation=tea))
    wanted = {member.participant_id: by_hand(member) for member in members}
    counted = reading.counts_in([tea.pk], list(wanted))
    assert {who: (counts.unread, counts.mentioned) for (who, _), counts in counted.items()} == wanted
    for participant in inside:
        shown = client_of(participant).get("conversations").json()["conversations"][0]
        assert (shown["unread_count"], shown["mention_count"]) == wanted[participant.pk]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan of PostgreSQL depends on what it knows of a table")
def test_counting_follows_its_index():
    ada, ben = person("ada"), person("ben")
    tea = conversation_of(ada, ben)
    say(ben, tea, "hello @ada")
    with CaptureQueriesContext(connection) as captured:
        list(Conversation.objects.with_reading_of(ada))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + captured.captured_queries[0]["sql"])
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "INDEX event_said (conversation_id=? AND sequence>?)" in plan
    assert "INDEX mention_by" in plan
    assert Mention.objects.count() == 1
