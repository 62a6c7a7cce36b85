"""Who is named by a message, and how many one has not read."""

import pytest

from conversations.mentions import names_in
from tests.personas import bring_in, client_of, person, say, take_out

pytestmark = pytest.mark.django_db


def counts(who, conversation):
    row = client_of(who).get(f"conversations/{conversation.pk}").json()
    listed = client_of(who).get("conversations").json()["conversations"][0]
    assert [listed["unread_count"], listed["mention_count"]] == [row["unread_count"], row["mention_count"]]
    return row["unread_count"], row["mention_count"]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [("@ada", {"ada"}), ("hi @Ada!", {"ada"}), ("(@ada)", {"ada"}), ("@ada.", {"ada.", "ada"}), ("a@ada.org", set()),
     ("@@ada", set()), ("`@ada`", set()), ("```\n@ada\n```", set()), ("@", set()), ("@ada-b_c.d", {"ada-b_c.d"}),
     ("/@ada", set()), ("@ada@ben", {"ada"}), ("@\u0430da", set())],
)  # fmt: skip
def test_names_are_found(content, wanted):
    assert set(names_in(content)) == wanted


def test_a_member_is_mentioned_by_username_and_shown_by_id(ada, ben, tea):
    stranger = person("stranger")
    message = say(ben, tea, "hello @ADA and @stranger, see @ben.")
    shown = client_of(ada).get(f"messages/{message.pk}").json()["mentions"]
    assert shown == [str(ada.pk), str(ben.pk)]
    assert str(stranger.pk) not in shown
    assert counts(ada, tea) == (1, 1)
    assert counts(ben, tea) == (0, 0)


def test_all_is_for_moderators(ada, ben, tea):
    cid = bring_in(tea)
    assert client_of(cid).get(f"messages/{say(ben, tea, '@all').pk}").json()["mentions"] == []
    assert counts(cid, tea) == (1, 0)
    shown = client_of(cid).get(f"messages/{say(ada, tea, '@all listen').pk}").json()["mentions"]
    assert set(shown) == {str(who.pk) for who in (ada, ben, cid)}
    assert [counts(who, tea) for who in (ada, ben, cid)] == [(1, 0), (1, 1), (2, 1)]
    late = bring_in(tea)
    assert counts(late, tea) == (0, 0)


def test_a_call_to_many_lists_the_first_and_counts_for_all(ada, ben, tea, settings):
    settings.CHAT_MENTIONS_SHOWN = 1
    message = say(ada, tea, "@all")
    assert len(client_of(ben).get(f"messages/{message.pk}").json()["mentions"]) == 1
    assert counts(ben, tea)[1] == 1


def test_an_edit_mentions_whom_it_names_now(ada, ben, tea):
    message = say(ben, tea, "hello @ada")
    edited = client_of(ben).patch(f"messages/{message.pk}", {"content": "hello"}).json()
    assert edited["mentions"] == []
    assert counts(ada, tea) == (1, 0)
    edited = client_of(ben).patch(f"messages/{message.pk}", {"content": "@ada @ada"}).json()
    assert edited["mentions"] == [str(ada.pk)]
    assert counts(ada, tea) == (1, 1)


def test_a_deleted_message_mentions_nobody(ada, ben, tea):
    message = say(ben, tea, "hello @ada")
    client_of(ben).delete(f"messages/{message.pk}")
    assert counts(ada, tea) == (0, 0)
    assert client_of(ada).get(f"messages/{message.pk}").json()["mentions"] == []


def test_reading_takes_mentions_off(ada, ben, tea):
    say(ben, tea, "@ada one")
    message = say(ben, tea, "@ada two")
    say(ben, tea, "@ada three")
    answer = client_of(ada).post(f"conversations/{tea.pk}/read", {"sequence_id": message.sequence}).json()
    assert answer == {"last_read_sequence_id": message.sequence, "unread_count": 1}
    assert counts(ada, tea) == (1, 1)


def test_counts_end_one_past_the_bound(ada, ben, tea, settings):
    settings.CHAT_UNREAD_COUNTED = 3
    for _ in range(3):
        say(ben, tea, "@ada")
    assert counts(ada, tea) == (3, 3)
    for _ in range(3):
        say(ben, tea, "@ada")
    assert counts(ada, tea) == (4, 4)


def test_whoever_comes_back_has_missed_nothing_that_was_hidden(ada, ben, tea):
    take_out(tea, ben)
    say(ada, tea, "@ben @all")
    bring_in(tea, who=ben)
    assert counts(ben, tea) == (0, 0)
