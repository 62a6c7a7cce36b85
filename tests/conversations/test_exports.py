"""Logs as files: an import of an export is equal, whatever happened; and what was changed behind our back shows."""

import json
import random

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet

from conversations import amend, exports, log
from conversations.models import Conversation, Event, Membership, Reaction, Revision
from conversations.services.imports import conversation_import
from participants.errors import ChatError, Conflict, Forbidden
from tests.contract.shapes import CONVERSATION, assert_refused, assert_shape
from tests.personas import bring_in, client_of, conversation_of, entries_of, person, say, take_out

pytestmark = pytest.mark.django_db

EMOJIS = ["%F0%9F%91%8D", "%E2%9D%A4%EF%B8%8F", "%F0%9F%8E%89"]


def live(conversation, people, seed, steps=60):
    """Let people do something, whatever is allowed."""
    chance = random.Random(seed)
    apis = [client_of(who) for who in people]
    sent: list[str] = []
    for number in range(steps):
        api, deed = chance.choice(apis), chance.random()
        key = chance.choice(sent) if sent else None
        if deed < 0.35 or key is None:
            body = {"content": f"message **{number}** @ada", "metadata": {"n": number}}
            if key and chance.random() < 0.5:
                body["reply_to"] = key
            sent.append(api.post(f"conversations/{conversation.pk}/messages", body).json()["id"])
        elif deed < 0.55:
            api.patch(f"messages/{key}", {"content": f"edited {number}"})
        elif deed < 0.75:
            api.send("PUT", f"messages/{key}/reactions/{chance.choice(EMOJIS)}")
        elif deed < 0.85:
            api.delete(f"messages/{key}/reactions/{chance.choice(EMOJIS)}")
        elif deed < 0.92:
            api.delete(f"messages/{key}")
        else:
            api.send(chance.choice(["PUT", "DELETE"]), f"messages/{key}/pin")


def lines_of(conversation) -> list[bytes]:
    reader = Membership(conversation=conversation, role="owner", joined_sequence=1)
    return b"".join(exports.json_lines(reader)).splitlines()


def stored(conversation):
    rows = Event.objects.filter(conversation=conversation).order_by("sequence")
    columns = list(exports.COLUMNS)
    reactions = Reaction.objects.filter(message__conversation=conversation)
    revisions = Revision.objects.filter(message__conversation=conversation)
    return (
        list(rows.values(*columns)),
        sorted(reactions.values_list("message", "participant", "emoji")),
        sorted(revisions.values_list("message", "entry", "content")),
    )


def erase(conversation):
    with log.writing():
        amend.erase(log.lock(conversation.pk))


@pytest.mark.parametrize("seed", range(3))
def test_an_import_of_an_export_is_an_equal_log(ada, ben, tea, seed):
    cid = bring_in(tea)
    live(tea, [ada, ben, cid], seed)
    take_out(tea, cid)
    call_command("verify_log", str(tea.pk))
    tea.refresh_from_db()
    lines, before = lines_of(tea), stored(tea)
    erase(tea)
    made = conversation_import(importer=person(is_staff=True), lines=lines)
    assert made.pk == tea.pk
    assert stored(made) == before
    call_command("verify_log", str(made.pk))
    made.refresh_from_db()
    assert lines_of(made)[1:] == lines[1:]


def test_a_log_comes_to_an_installation_that_knows_nobody_of_it(ada, ben, tea):
    live(tea, [ada, ben], 1, 20)
    lines = [line.replace(str(ben.pk).encode(), b"00000000-0000-4000-8000-000000000001") for line in lines_of(tea)]
    erase(tea)
    with pytest.raises(ChatError, match="digest"):
        conversation_import(importer=person(is_staff=True), lines=lines)
    assert not Conversation.objects.filter(pk=tea.pk).exists()


def test_over_rest_staff_bring_in_what_members_take_away(ada, ben, tea):
    say(ben, tea, "hello")
    answer = client_of(ben).get(f"conversations/{tea.pk}/export")
    assert answer["Content-Type"] == "application/x-ndjson"
    raw = b"".join(answer.streaming_content)
    erase(tea)
    staff = client_of(person(is_staff=True))
    made = staff.send_raw("POST", "conversations/import", raw, "application/x-ndjson")
    assert made.status_code == 201, made.content
    assert_shape(made.json(), CONVERSATION)
    assert made.json()["messages"][0]["content"] == "hello"
    assert_refused(staff.send_raw("POST", "conversations/import", raw, "application/x-ndjson"), 409, "already_here")
    refused = client_of(ben).send_raw("POST", "conversations/import", raw, "application/x-ndjson")
    assert_refused(refused, 403, "permission_denied")


@pytest.mark.parametrize(
    "spoil",
    [lambda lines: lines[:-1], lambda lines: lines[:2] + lines[3:], lambda lines: [lines[0], *lines[2:]],
     lambda lines: [*lines[:-1], lines[-1].replace(b"hello", b"howdy")], lambda lines: [b"{}"], lambda lines: [],
     lambda lines: [*lines, b"{"], lambda lines: [*lines, lines[-1]],
     lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]]],
    ids=["end", "middle", "begin", "text", "head", "nothing", "broken", "twice", "version"],
)  # fmt: skip
def test_what_does_not_add_up_is_not_brought_in(ada, ben, tea, spoil):
    say(ben, tea, "first")
    say(ben, tea, "hello")
    tea.refresh_from_db()
    lines = spoil(lines_of(tea))
    erase(tea)
    with pytest.raises(ChatError) as refused:
        conversation_import(importer=person(is_staff=True), lines=lines)
    assert refused.value.code == "invalid_export"
    assert not Conversation.objects.filter(pk=tea.pk).exists()


def test_members_bring_nothing_in(ada, tea):
    with pytest.raises(Forbidden):
        conversation_import(importer=ada, lines=[])
    with pytest.raises(Conflict):
        conversation_import(importer=person(is_staff=True), lines=lines_of(tea))


def test_html_of_an_export_is_not_believed(ada, ben, tea):
    say(ben, tea, "hello")
    tea.refresh_from_db()
    lines = [line.replace(b"<p>hello</p>", b"<script>x</script>") for line in lines_of(tea)]
    erase(tea)
    conversation_import(importer=person(is_staff=True), lines=lines)
    assert entries_of(tea)[-1].html == "<p>hello</p>"


def test_one_takes_away_what_one_may_read(ada, ben):
    tea = conversation_of(ada, ben, history="from_join")
    early = say(ben, tea, "early canary")
    client_of(ben).patch(f"messages/{early.pk}", {"content": "early canary two"})
    cid = bring_in(tea)
    client_of(ben).patch(f"messages/{early.pk}", {"content": "early canary three"})
    late = say(ben, tea, "late")
    client_of(ben).patch(f"messages/{late.pk}", {"content": "later"})
    for form in ("jsonl", "markdown"):
        text = b"".join(client_of(cid).get(f"conversations/{tea.pk}/export?format={form}").streaming_content).decode()
        assert "canary" not in text
        assert "later" in text
        assert "former" not in text
    everything = b"".join(client_of(ada).get(f"conversations/{tea.pk}/export").streaming_content).decode()
    assert "early canary two" in everything
    assert_refused(client_of(person()).get(f"conversations/{tea.pk}/export"), 403, "not_a_participant")
    assert_refused(client_of(ada).get(f"conversations/{tea.pk}/export?format=xml"), 400, "validation_error")


def test_markdown_reads_as_a_document(ada, ben, tea):
    say(ben, tea, "# not a heading of ours")
    gone = say(ben, tea, "canary")
    client_of(ben).delete(f"messages/{gone.pk}")
    text = b"".join(client_of(ada).get(f"conversations/{tea.pk}/export?format=markdown").streaming_content).decode()
    assert text.startswith("# Tea\n")
    assert "## ben, " in text
    assert "canary" not in text


def test_deleted_texts_are_in_no_export_and_the_log_still_adds_up(ada, ben, tea):
    message = say(ben, tea, "canary one")
    client_of(ben).patch(f"messages/{message.pk}", {"content": "canary two"})
    client_of(ben).delete(f"messages/{message.pk}")
    assert b"canary" not in b"".join(lines_of(tea))
    call_command("verify_log")


def tamper(entry, **values):
    QuerySet.update(Event.objects.filter(pk=entry.pk), **values)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [({"content": "changed"}, "committed"), ({"data": {"metadata": {"a": 1}}}, "committed"),
     ({"commitment": "0" * 64}, "follow"), ({"type": "role_changed"}, "follow"),
     ({"message_id": "other"}, "follow"), ({"salt": ""}, "no salt")],
    ids=["content", "data", "commitment", "type", "key", "salt"],
)  # fmt: skip
def test_what_is_changed_behind_our_back_shows(ada, ben, tea, capsys, values, wanted):
    message = say(ben, tea, "first")
    say(ben, tea, "second")
    tamper(message, **values)
    with pytest.raises(CommandError):
        call_command("verify_log", str(tea.pk))
    printed = capsys.readouterr().out
    assert f"{message.sequence}: " in printed
    assert wanted in printed


def test_an_entry_that_is_gone_shows(ada, ben, tea, capsys):
    message = say(ben, tea, "first")
    say(ben, tea, "second")
    rows = Event.objects.filter(pk=message.pk)
    rows._raw_delete(rows.db)
    with pytest.raises(CommandError):
        call_command("verify_log")
    assert f"{message.sequence + 1}: comes where {message.sequence} should" in capsys.readouterr().out


def test_ones_own_data_are_complete_and_ones_own(ada, ben, tea):
    say(ada, tea, "mine")
    say(ben, tea, "canary")
    lines = [json.loads(line) for line in b"".join(client_of(ada).get("me/export").streaming_content).splitlines()]
    assert lines[0]["account"]["username"] == "ada"
    assert [line["membership"]["title"] for line in lines if "membership" in line] == ["Tea"]
    assert [line["message"]["content"] for line in lines if "message" in line] == ["mine"]


def test_what_comes_while_a_log_is_taken_away_is_not_in_it(ada, ben, tea):
    say(ben, tea, "before")
    reader = Membership.objects.select_related("conversation").get(conversation=tea, participant=ada)
    lines = exports.json_lines(reader)
    head = json.loads(next(lines))
    say(ben, tea, "meanwhile")
    entries = [json.loads(line) for piece in lines for line in piece.splitlines()]
    assert entries[-1]["sequence"] == head["last_sequence_id"]
    assert entries[-1]["digest"] == head["digest"]
