"""``from_join``: of what was said before somebody came, nothing reaches them, whichever way they look."""

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.clients import RestClient, SocketClient
from tests.realtime.conftest import MakeTalk, Talk
from tests.realtime.credentials import account, browser
from tests.servers import ServerProcess

PATH = "/api/v1/conversations"


class Scene:
    """A conversation with a secret from before the join; ``seen`` is everything the newcomer was ever given."""

    def __init__(self, made: Talk, canary: str, hidden: dict[str, Any]) -> None:
        self.made, self.canary, self.hidden = made, canary, hidden
        self.path = f"{PATH}/{made.id}"
        self.seen: list[tuple[str, str]] = []

    def note(self, where: str, text: str) -> None:
        """Keep what the newcomer got, for :meth:`assert_unseen`."""
        self.seen.append((where, text))

    async def get(self, rest: httpx.AsyncClient, address: str, **params: Any) -> Any:
        """A read of the newcomer."""
        answer = await rest.get(address, params=params)
        self.note(f"{address} {params}", answer.text)
        return answer

    def assert_unseen(self) -> None:
        """Fail if the secret, or the number or id of its message, was in anything."""
        for where, text in self.seen:
            assert self.canary not in text, where
            assert self.hidden["id"] not in text, where
        assert len(self.seen) > 5


async def make_scene(talk: MakeTalk, **fields: Any) -> Scene:
    made = await talk("ann", "ben", **{"history": "from_join", "visibility": "public"} | fields)
    canary = f"canary{uuid.uuid4().hex}"
    async with made.rest("ann") as rest:
        for number in range(5):
            await rest.say(made.id, f"before {number}")
        hidden = (await rest.say(made.id, f"the secret is {canary}")).json()
    return Scene(made, canary, hidden)


async def join(rest: RestClient, scene: Scene) -> int:
    """Come in; the number of the own ``participant_joined``."""
    answer = await rest.post(f"{scene.path}/join")
    assert answer.status_code == 200
    scene.note("join", answer.text)
    return int(answer.json()["conversation"]["first_sequence_id"])


async def reads_over_rest(scene: Scene, rest: RestClient, first: int) -> None:
    """Every page of every list, with cursors from anywhere."""
    detail = (await scene.get(rest, scene.path)).json()
    assert detail["first_sequence_id"] == first > scene.hidden["sequence_id"]
    assert all(message["sequence_id"] > first for message in detail["messages"])
    await scene.get(rest, f"/chat/conversations/{scene.made.id}")
    for name in ("before", "after", "around"):
        for number in (0, 1, scene.hidden["sequence_id"], first - 1, first, first + 1, 10**6):
            page = (await scene.get(rest, f"{scene.path}/messages", **{name: number, "limit": 100})).json()
            assert page["first_sequence_id"] == first
            assert all(message["sequence_id"] > first for message in page["messages"])
    for after in (0, scene.hidden["sequence_id"] - 1, first - 1, first):
        page = (await scene.get(rest, f"{scene.path}/events", after=after)).json()
        numbers = [entry["sequence_id"] for entry in page["events"]]
        assert (page["first_sequence_id"], min(numbers, default=first)) >= (first, first)
    assert (await scene.get(rest, f"/api/v1/messages/{scene.hidden['id']}")).status_code == 404
    assert (await scene.get(rest, f"{scene.path}/participants")).status_code == 200


async def test_a_newcomer_never_reads_from_before_the_join_over_rest(server: ServerProcess, talk: MakeTalk) -> None:
    scene = await make_scene(talk)
    async with RestClient(server.url) as rest:
        access = (await account(rest))["access"]
    async with RestClient(server.url, access) as rest, scene.made.rest("ann") as ann:
        rows = (await scene.get(rest, PATH, scope="public", limit=100)).json()["conversations"]
        assert scene.made.id in {row["id"] for row in rows}
        first = await join(rest, scene)
        await reads_over_rest(scene, rest, first)
        (row,) = (await scene.get(rest, PATH)).json()["conversations"]
        assert (row["last_message_preview"], row["unread_count"]) == (None, 0)
        await ann.say(scene.made.id, "after")
        (row,) = (await scene.get(rest, "/chat/my-conversations")).json()["conversations"]
        assert (row["last_message_preview"], row["unread_count"]) == ("after", 1)
        await reads_over_rest(scene, rest, first)
        marked = await rest.post(f"{scene.path}/read", json={"sequence_id": 1})
        scene.note("read", marked.text)
        assert (marked.json()["unread_count"], marked.json()["last_read_sequence_id"]) == (1, first)
        answer = await rest.post(f"{scene.path}/messages", json={"content": "re", "reply_to": scene.hidden["id"]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reply_to")
    scene.assert_unseen()


async def test_a_newcomer_never_reads_from_before_the_join_over_a_socket(server: ServerProcess, talk: MakeTalk) -> None:
    scene = await make_scene(talk)
    async with RestClient(server.url) as rest:
        access = (await account(rest))["access"]
    sockets: list[SocketClient] = []
    async with SocketClient(scene.made.all_url, access) as many, scene.made.socket("ben") as ben:
        await ben.until_type("connected")  # the process has the conversation's newest entries in memory
        await many.send("join", conversation_id=scene.made.id)
        first = (await many.until_following(scene.made.id))["first_sequence_id"]
        assert first > scene.hidden["sequence_id"]
        async with scene.made.rest("ann") as ann:
            last = (await ann.say(scene.made.id, "after")).json()["sequence_id"]
        await many.until_entry(last)
        for cursor in (0, 1, scene.hidden["sequence_id"] - 1, first - 1):
            await many.send("sync", conversation_id=scene.made.id, last_sequence_id=cursor)
            page = await many.until_type("sync")
            assert (page["first_sequence_id"], page["events"][0]["sequence_id"]) == (first, first)
            await many.send("subscribe", conversation_id=scene.made.id, last_sequence_id=cursor)
            page = await many.until_type("sync")
            assert page["events"][0]["sequence_id"] == first
            address = f"{scene.made.url}?last_sequence_id={cursor}"
            async with SocketClient(address, access) as alone:
                connected = await alone.until_type("connected")
                assert connected["first_sequence_id"] == first
                page = await alone.until_type("sync")
                assert [entry["sequence_id"] for entry in page["events"]] == list(range(first, last + 1))
            sockets.append(alone)
        sockets.append(many)
    for socket in sockets:
        for frame in socket.frames:
            scene.note(frame["type"], json.dumps(frame))
    scene.assert_unseen()


async def test_coming_back_hides_what_was_said_meanwhile(server: ServerProcess, talk: MakeTalk) -> None:
    """The rule counts from the latest join, on a socket that was open all the time and over REST."""
    scene = await make_scene(talk)
    async with RestClient(server.url) as rest:
        access = (await account(rest))["access"]
    async with RestClient(server.url, access) as rest, scene.made.rest("ann") as ann:
        async with SocketClient(scene.made.all_url, access) as socket:
            early = await join(rest, scene)
            own = (await rest.say(scene.made.id, "my own words")).json()
            await socket.send("subscribe", conversation_id=scene.made.id, last_sequence_id=0)
            await socket.until_type("sync")
            assert (await rest.post(f"{scene.path}/leave")).status_code == 200
            await socket.until_type("unsubscribed")
            scene.canary = f"canary{uuid.uuid4().hex}"
            scene.hidden = (await ann.say(scene.made.id, f"now that they are gone: {scene.canary}")).json()
            first = await join(rest, scene)
            assert first > scene.hidden["sequence_id"] > early
            await socket.send("subscribe", conversation_id=scene.made.id, last_sequence_id=early)
            page = await socket.until_type("sync")
            assert page["events"][0]["sequence_id"] == first
            await reads_over_rest(scene, rest, first)
            # What one said oneself is from before, too.
            assert (await rest.get(f"/api/v1/messages/{own['id']}")).status_code == 404
            for frame in socket.frames:
                scene.note(frame["type"], json.dumps(frame))
    scene.assert_unseen()


async def test_hiding_the_history_hides_it_from_members_at_once(talk: MakeTalk) -> None:
    scene = await make_scene(talk, history="all")
    async with scene.made.rest("ann") as ann, scene.made.rest("cid") as cid:
        await cid.post(f"{scene.path}/join")
        assert (await cid.get(f"/api/v1/messages/{scene.hidden['id']}")).status_code == 200
        assert (await ann.patch(scene.path, json={"history": "from_join"})).status_code == 200
        detail = (await cid.get(scene.path)).json()
        await reads_over_rest(scene, cid, detail["first_sequence_id"])
        assert (await ann.get(f"/api/v1/messages/{scene.hidden['id']}")).status_code == 200  # who was there, reads
    scene.assert_unseen()


@pytest.mark.parametrize("link", ["public", "invitation"])
async def test_pages_show_a_newcomer_nothing_from_before(server: ServerProcess, talk: MakeTalk, link: str) -> None:
    scene = await make_scene(talk, visibility="public" if link == "public" else "private")
    async with browser(server) as page:
        if link == "invitation":
            async with scene.made.rest("ann") as ann:
                token = (await ann.post(f"{scene.path}/invitations", json={})).json()["token"]
            await scene.get(page, f"/i/{token}")
            headers = {"X-CSRFToken": page.cookies["csrftoken"], "Referer": server.url}
            answer = await page.post(f"/api/v1/invitations/{token}/accept", headers=headers)
        else:
            await scene.get(page, "/conversations", scope="public")
            headers = {"X-CSRFToken": page.cookies["csrftoken"], "Referer": server.url}
            answer = await page.post(f"{scene.path}/join", headers=headers)
        assert answer.status_code == 200, answer.text
        scene.note("joined", answer.text)
        async with scene.made.rest("ann") as ann:
            await ann.say(scene.made.id, "words from after")
        shown = await scene.get(page, f"/c/{scene.made.id}")
        assert "words from after" in shown.text
        for address in ("/", "/conversations", f"/c/{scene.made.id}?before=5", f"/c/{scene.made.id}?before=1000000"):
            assert (await scene.get(page, address)).status_code < 500
        listed = (await page.get("/", follow_redirects=True)).text
        scene.note("list", listed)
        assert scene.made.id in listed
    scene.assert_unseen()
