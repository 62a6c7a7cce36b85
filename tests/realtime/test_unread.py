"""Unread counts and new conversations on a socket for all of one's conversations, without subscribing."""

import random
from typing import Any

from tests.clients import SocketClient


def all_of(talk, name):
    return SocketClient(talk.all_url, talk.people[name]["access"])


async def counted(socket, talk, unread, mentions=0):
    """Wait until the socket was told these counts of a conversation."""
    return await socket.until(
        lambda frame: (
            frame["type"] == "unread"
            and frame["conversation_id"] == talk.id
            and (frame["unread_count"], frame["mention_count"]) == (unread, mentions)
        )
    )


async def test_counts_come_without_subscribing_and_go_with_reading(talk):
    tea = await talk("ann", "ben")
    async with all_of(tea, "ann") as ann, all_of(tea, "ben") as ben, tea.rest("ben") as rest:
        for socket in (ann, ben):
            await socket.until_type("connected")
        first = (await rest.say(tea.id, "hello @ann")).json()
        frame = await counted(ann, tea, 1, 1)
        assert frame["last_sequence_id"] == first["sequence_id"]
        second = (await rest.say(tea.id, "again")).json()
        await counted(ann, tea, 2, 1)
        assert (await rest.delete(f"/api/v1/messages/{second['id']}")).status_code == 204
        await counted(ann, tea, 1, 1)
        async with tea.rest("ann") as hers:
            await hers.post(f"/api/v1/conversations/{tea.id}/read", json={"sequence_id": first["sequence_id"]})
        await counted(ann, tea, 0)
        told = [frame for frame in ben.of_type("unread") if frame["conversation_id"] == tea.id]
        assert all(frame["unread_count"] == 0 for frame in told)


async def test_a_new_conversation_is_announced_and_a_lost_one_too(talk):
    tea = await talk("ann", "ben")
    async with all_of(tea, "cid") as cid, tea.rest("ann") as rest:
        await cid.until_type("connected")
        path = f"/api/v1/conversations/{tea.id}/participants"
        await rest.post(path, json={"participant": "cid"})
        added = await cid.until(
            lambda frame: frame["type"] == "conversation_added" and frame["conversation_id"] == tea.id
        )
        assert added["conversation"]["id"] == tea.id
        assert added["conversation"]["unread_count"] == 0
        await rest.say(tea.id, "welcome @cid")
        await counted(cid, tea, 1, 1)
        await rest.delete(f"{path}/{tea.people['cid']['id']}")
        lost = await cid.until(lambda frame: frame["type"] == "unsubscribed" and frame["conversation_id"] == tea.id)
        assert lost["reason"] == "removed"
        await rest.say(tea.id, "secret")
        await cid.send("ping")
        await cid.until_type("pong")
        after = cid.frames[cid.frames.index(lost) + 1 :]
        assert not [frame for frame in after if frame.get("conversation_id") == tea.id]


async def test_a_socket_for_one_conversation_is_told_of_no_other(talk):
    tea, other = await talk("ann", "ben"), await talk("ann", "ben")
    async with tea.socket("ann") as ann, all_of(tea, "ann") as everything, other.rest("ben") as rest:
        await ann.until_type("connected")
        await everything.until_type("connected")
        await rest.say(other.id, "hello")
        await counted(everything, other, 1)
        assert ann.of_type("unread") == []


async def test_counts_over_two_processes(talk, server_pair):
    tea = await talk("ann", "ben")
    there = tea.on(server_pair[1])
    async with all_of(there, "ann") as ann, tea.rest("ben") as rest:
        await ann.until_type("connected")
        await rest.say(tea.id, "hello @ann")
        await counted(ann, tea, 1, 1)


async def test_the_last_counts_told_are_those_of_the_list(talk):
    chance = random.Random(1)
    tea = await talk("ann", "ben")
    async with all_of(tea, "ann") as ann, tea.rest("ann") as hers, tea.rest("ben") as his:
        await ann.until_type("connected")
        sent: list[dict[str, Any]] = []
        for number in range(40):
            deed = chance.random()
            if deed < 0.6 or not sent:
                sent.append((await his.say(tea.id, chance.choice(["@ann", "hello"]) + f" {number}")).json())
            elif deed < 0.8:
                await his.delete(f"/api/v1/messages/{chance.choice(sent)['id']}")
            else:
                at = chance.choice(sent)["sequence_id"]
                await hers.post(f"/api/v1/conversations/{tea.id}/read", json={"sequence_id": at})
        await his.say(tea.id, "the end")
        shown = (await hers.get(f"/api/v1/conversations/{tea.id}")).json()
        last = await ann.until(
            lambda frame: (
                frame["type"] == "unread"
                and (frame["conversation_id"], frame["last_sequence_id"]) == (tea.id, shown["last_sequence_id"])
            )
        )
        assert (last["unread_count"], last["mention_count"]) == (shown["unread_count"], shown["mention_count"])
