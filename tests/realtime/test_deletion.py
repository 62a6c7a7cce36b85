"""Deleting a message: its text is gone on every path, its number stays, and everybody is told."""

from tests.realtime.conftest import MakeTalk

API = "/api/v1"


async def test_a_deleted_messages_text_is_gone_everywhere_and_its_number_stays(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as ann, made.socket("ben") as ben, made.rest("ann") as rest:
        await ben.until_type("connected")
        said = await ann.say("the canary sings", message_id="key")
        await ann.say("and on")
        assert (await rest.delete(f"{API}/messages/{said['id']}")).status_code == 204
        told = await ben.until_type("message_deleted")
        assert (told["id"], told["by"]["username"], told["sequence_id"]) == (said["id"], "ann", 5)
        assert (await rest.delete(f"{API}/messages/{said['id']}")).status_code == 204  # done already is fine
        for path in (f"messages/{said['id']}", f"conversations/{made.id}", f"conversations/{made.id}/messages"):
            answer = await rest.get(f"{API}/{path}")
            assert answer.status_code == 200
            assert "canary" not in answer.text
        log = await rest.log(made.id)
        assert [entry["sequence_id"] for entry in log] == [1, 2, 3, 4, 5]
        assert (log[2]["content"], log[2]["html"], log[2]["deleted"]) == (None, None, True)
        async with made.socket("ben", last_sequence_id=0) as again:
            await again.until_entry(5)
            assert again.entries == log
        # A late retry of the send is still the same message, and brings nothing back.
        assert (await ann.say("the canary sings", message_id="key"))["duplicate"] is True
        assert "canary" not in str(await rest.log(made.id))


async def test_moderators_delete_what_lower_roles_said_and_nobody_elses(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", "cid")
    async with made.rest("ann") as ann, made.rest("ben") as ben, made.rest("cid") as cid:
        path = f"{API}/conversations/{made.id}/participants/{made.people['ben']['id']}"
        assert (await ann.patch(path, json={"role": "moderator"})).status_code == 200
        by = {
            name: (await rest.say(made.id, f"of {name}")).json()["id"]
            for name, rest in (("ann", ann), ("ben", ben), ("cid", cid))
        }
        refused = await cid.delete(f"{API}/messages/{by['ben']}")
        assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
        refused = await ben.delete(f"{API}/messages/{by['ann']}")
        assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
        assert (await ben.delete(f"{API}/messages/{by['cid']}")).status_code == 204
        async with made.rest("dee") as outsider:
            assert (await outsider.delete(f"{API}/messages/{by['ann']}")).status_code == 404


async def test_an_entry_about_a_hidden_message_is_withheld_live_and_replayed(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", history="from_join", visibility="public")
    async with made.rest("ann") as ann, made.rest("cid") as rest:
        old = (await ann.say(made.id, "before your time")).json()
        assert (await rest.post(f"{API}/conversations/{made.id}/join")).status_code == 200
        async with made.socket("cid") as cid, made.socket("ben") as ben:
            start = (await cid.until_type("connected"))["current_sequence_id"]
            await ben.until_type("connected")
            assert (await ann.delete(f"{API}/messages/{old['id']}")).status_code == 204
            await cid.until_entry(start + 1)
            await ben.until_entry(start + 1)
            withheld = {"type": "withheld", "conversation_id": made.id, "sequence_id": start + 1}
            assert cid.entries == [withheld]
            assert ben.entries[0]["id"] == old["id"]
            assert (await rest.log(made.id))[-1] == withheld
            async with made.socket("cid", last_sequence_id=start) as again:
                await again.until_entry(start + 1)
                assert again.entries == [withheld]
            assert (await rest.get(f"{API}/messages/{old['id']}")).status_code == 404


async def test_the_mode_is_announced_as_it_changes(talk: MakeTalk) -> None:
    made = await talk("ann", visibility="public")
    async with made.socket("ann") as ann, made.rest("ben") as ben:
        await ann.until_type("connected")
        await ben.post(f"{API}/conversations/{made.id}/join")
        assert (await ann.until_type("conversation_updated"))["changes"] == {"mode": "multi"}
        await ben.post(f"{API}/conversations/{made.id}/leave")
        assert (await ann.until_type("conversation_updated"))["changes"] == {"mode": "single"}
        assert ann.sequences == [2, 3, 4, 5]
