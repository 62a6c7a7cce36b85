"""What is secret in a path or a query does not reach the logs."""

from tests.realtime.conftest import MakeTalk

API = "/api/v1"


async def test_invitation_tokens_and_queries_are_masked(talk: MakeTalk) -> None:
    made = await talk("ann")
    async with made.rest("ann") as ann, made.rest("ben") as ben:
        made_one = (await ann.post(f"{API}/conversations/{made.id}/invitations", json={})).json()
        token = made_one["token"]
        assert (await ben.get(f"{API}/invitations/{token}")).status_code == 200
        assert (await ben.get(f"/i/{token}")).status_code == 200
        assert (await ben.get(f"{API}/me?secret={token}")).status_code == 200
        assert (await ben.post(f"{API}/invitations/{token}/accept")).status_code == 200
    log = made.server.log_text()
    assert "/api/v1/invitations/***/accept" in log
    assert "/i/***" in log
    assert token not in log


async def test_a_mute_is_not_escaped_by_leaving_and_coming_back(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", visibility="public")
    path = f"{API}/conversations/{made.id}"
    async with made.rest("ann") as ann, made.rest("ben") as ben:
        until = {"until": "2999-01-01T00:00:00Z"}
        assert (await ann.put(f"{path}/mutes/{made.people['ben']['id']}", json=until)).status_code == 200
        assert (await ben.post(f"{path}/leave")).status_code == 200
        assert (await ben.post(f"{path}/join")).status_code == 200
        refused = await ben.say(made.id, "am I still muted?")
        assert (refused.status_code, refused.json()["code"]) == (403, "muted")
        assert (await ann.delete(f"{path}/mutes/{made.people['ben']['id']}")).status_code == 204
        assert (await ben.say(made.id, "no longer")).status_code == 201
