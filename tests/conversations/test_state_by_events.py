"""Whoever follows the log, entry by entry, knows what whoever fetches everything afresh knows."""

import random

import pytest

from tests.contract.shapes import MESSAGE
from tests.personas import Api, client_of, conversation_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

STEPS = 500
EMOJIS = ["%F0%9F%91%8D", "%E2%9D%A4%EF%B8%8F", "%F0%9F%8E%89"]


class Follower:
    """A client that reads what is new after each step, and keeps what that makes of what it knew."""

    def __init__(self, api: Api, conversation: str) -> None:
        self.api, self.conversation = api, conversation
        self.cursor = 0
        self.messages: dict[str, dict[str, object]] = {}
        self.pins: list[str] = []
        self.title = "Tea"

    def read_on(self) -> None:
        page = self.api.get(f"conversations/{self.conversation}/events?after={self.cursor}").json()
        for frame in page["events"]:
            assert frame["sequence_id"] == self.cursor + 1
            self.cursor += 1
            self.apply(frame)

    def apply(self, frame) -> None:
        match frame["type"]:
            case "message":
                self.messages[frame["id"]] = frame
            case "message_edited":
                own = {name: self.messages[frame["id"]][name] for name in ("type", "sequence_id")}
                self.messages[frame["id"]] = frame | own
            case "message_deleted":
                self.messages[frame["id"]] |= {
                    "content": None, "html": None, "deleted": True, "mentions": [], "reactions": [], "attachments": [],
                    "metadata": {},
                }  # fmt: skip
            case "reaction_added" | "reaction_removed":
                message = self.messages[frame["id"]]
                rows = {row["emoji"]: row["count"] for row in message["reactions"]}  # type: ignore[attr-defined]
                rows[frame["emoji"]] = frame["count"]
                shown = [{"emoji": emoji, "count": count} for emoji, count in rows.items() if count]
                self.messages[frame["id"]] = message | {"reactions": shown}
            case "conversation_updated":
                self.pins = frame["changes"].get("pins", self.pins)
                self.title = frame["changes"].get("title", self.title)


def fresh(api: Api, conversation: str) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    before = 2**53
    while True:
        page = api.get(f"conversations/{conversation}/messages?before={before}&limit=100").json()
        for message in page["messages"]:
            message["reactions"] = [{name: row[name] for name in ("emoji", "count")} for row in message["reactions"]]
            found[message["id"]] = message
        if not page["has_more"]:
            return found
        before = page["messages"][0]["sequence_id"]


def by_emoji(message):
    return message | {"reactions": sorted(message["reactions"], key=lambda row: row["emoji"])}


@pytest.mark.parametrize("seed", [1, 2])
def test_state_by_events_equals_a_fresh_fetch(seed):
    chance = random.Random(seed)
    ada, ben, cid = person("ada"), person("ben"), person("cid")
    tea = str(conversation_of(ada, ben, cid).pk)
    apis = [client_of(who) for who in (ada, ben, cid)]
    follower = Follower(apis[0], tea)
    sent: list[str] = []
    for number in range(STEPS):
        api, deed = chance.choice(apis), chance.random()
        key = chance.choice(sent) if sent else None
        if deed < 0.3 or key is None:
            body = {"content": chance.choice(["hello", "**bold**", "@ada look", "@all"]) + f" {number}"}
            if key and chance.random() < 0.4:
                body["reply_to"] = key
            sent.append(api.post(f"conversations/{tea}/messages", body).json()["id"])
        elif deed < 0.5:
            api.patch(f"messages/{key}", {"content": chance.choice(["new", "@ben new", "newer"])})
        elif deed < 0.75:
            api.send(chance.choice(["PUT", "PUT", "DELETE"]), f"messages/{key}/reactions/{chance.choice(EMOJIS)}")
        elif deed < 0.82:
            api.delete(f"messages/{key}")
        elif deed < 0.92:
            api.send(chance.choice(["PUT", "DELETE"]), f"messages/{key}/pin")
        elif deed < 0.95:
            apis[0].patch(f"conversations/{tea}", {"title": f"Tea {number}"})
        else:
            api.post(f"conversations/{tea}/read", {"sequence_id": chance.randrange(1, follower.cursor + 1)})
        if chance.random() < 0.5:
            follower.read_on()
    follower.read_on()
    now = fresh(apis[0], tea)
    assert {key: by_emoji(message) for key, message in follower.messages.items()} == {
        key: by_emoji(message) for key, message in now.items()
    }
    assert all(message.keys() >= MESSAGE.keys() for message in now.values())
    detail = apis[0].get(f"conversations/{tea}").json()
    assert (follower.title, follower.cursor) == (detail["title"], detail["last_sequence_id"])
    pinned = apis[0].get(f"conversations/{tea}/pins?limit=100").json()["messages"]
    assert {message["id"] for message in pinned} == set(follower.pins)
