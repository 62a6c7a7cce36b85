"""Whoever loses a conversation or their sign-in is cut off in the middle of the traffic, on every process, in time."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from tests.clients import RestClient
from tests.realtime.conftest import MakeTalk
from tests.realtime.credentials import PASSWORD
from tests.realtime.traffic import PATH, Pair, Scene, assert_cut_off, late, traffic

pytestmark = pytest.mark.slow

BOUND, BOUND_BY_SQL = 1.0, 5.0  # seconds, P5
BOUND_AT_EXPIRY = 2.0


async def by_rest(scene: Scene, method: str, path: str) -> None:
    async with scene.made.rest("ann") as rest:
        assert (await rest.request(method, path)).status_code in {200, 204}


async def leave(scene: Scene) -> None:
    async with RestClient(scene.server.url, scene.victim["access"]) as rest:
        assert (await rest.post(f"{PATH}/{scene.id}/leave")).status_code == 200


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        (lambda scene: by_rest(scene, "DELETE", scene.member), 4403, "removed"),
        (lambda scene: by_rest(scene, "PUT", scene.ban), 4403, "banned"),
        (leave, 1000, "left"),
    ],
    ids=["remove", "ban", "leave"],
)
async def test_whoever_goes_gets_nothing_later_than_the_bound(
    server_pair: Pair, talk: MakeTalk, end: Callable[[Scene], Awaitable[None]], code: int, reason: str
) -> None:
    async with traffic(server_pair, talk) as scene:
        await end(scene)
        await assert_cut_off(scene, time.time(), BOUND, signed_out=False)
        for witness in scene.witnesses[::2]:
            assert (witness.close_code, witness.frames[-1]["reason"]) == (code, reason)
        for witness in scene.witnesses[1::2]:
            assert witness.of_type("unsubscribed")[-1]["reason"] == reason
        async with scene.made.rest("ann") as rest:
            (gone,) = [entry for entry in await rest.log(scene.id) if entry["type"] == "participant_left"]
        for witness in scene.witnesses:  # by the log's own number and time, too
            assert witness.sequences[-1] < gone["sequence_id"]
            assert late(witness, scene.id, datetime.fromisoformat(gone["created_at"]).timestamp() + BOUND) == []


async def logout(scene: Scene) -> None:
    async with RestClient(scene.server.url) as rest:
        answer = await rest.post("/api/v1/auth/logout", json={"refresh": scene.victim["refresh"]})
        assert answer.status_code == 205


async def change_password(scene: Scene) -> None:
    async with RestClient(scene.server.url, scene.victim["access"]) as rest:
        body = {"old": PASSWORD, "new": "another long secret"}
        assert (await rest.post("/api/v1/auth/password", json=body)).status_code == 200


async def close_account(scene: Scene) -> None:
    async with RestClient(scene.server.url, scene.victim["access"]) as rest:
        assert (await rest.delete("/api/v1/me")).status_code == 204


@pytest.mark.parametrize("end", [logout, change_password, close_account])
async def test_whoever_signs_out_gets_nothing_later_than_the_bound(
    server_pair: Pair, talk: MakeTalk, end: Callable[[Scene], Awaitable[None]]
) -> None:
    async with traffic(server_pair, talk) as scene:
        await end(scene)
        await assert_cut_off(scene, time.time(), BOUND, signed_out=end is not close_account)
        if end is not close_account:
            assert {witness.close_code for witness in scene.witnesses} == {4401}


@pytest.mark.parametrize(
    ("statement", "signed_out"),
    [
        ("Participant.objects.filter(pk='{id}').update(is_active=False)", True),
        ("SignIn.objects.filter(participant='{id}').delete()", True),
        ("Membership.objects.filter(participant='{id}').delete()", False),
    ],
    ids=["deactivated", "signed out", "removed"],
)
async def test_a_change_by_sql_is_in_force_within_five_seconds(
    server_pair: Pair, talk: MakeTalk, statement: str, signed_out: bool
) -> None:
    async with traffic(server_pair, talk) as scene:
        # The command reports the moment of its own commit: starting and ending Python is not part of the bound.
        stamp = scene.server.installation.directory / f"{time.monotonic_ns()}"
        note = f"; import pathlib, time; pathlib.Path('{stamp}').write_text(str(time.time()))"
        await scene.manage(statement.format(id=scene.victim["participant"]["id"]) + note)
        await assert_cut_off(scene, float(stamp.read_text()), BOUND_BY_SQL, signed_out=signed_out)


async def test_an_access_token_that_runs_out_ends_its_sockets(server_pair: Pair, talk: MakeTalk) -> None:
    async with traffic(server_pair, talk, token_seconds=14) as scene:
        await assert_cut_off(scene, scene.token_ends, BOUND_AT_EXPIRY, signed_out=True)
        for witness in scene.witnesses:
            assert (witness.close_code, witness.frames[-1]["reason"]) == (4401, "token_expired")
            assert [frame["code"] for frame in witness.of_type("error")] == ["token_expiring"]


async def test_a_demotion_stops_the_writing_and_not_the_reading(server_pair: Pair, talk: MakeTalk) -> None:
    async with traffic(server_pair, talk) as scene:
        async with scene.made.rest("ann") as rest:
            assert (await rest.patch(scene.member, json={"role": "observer"})).status_code == 200
        for number, witness in enumerate(scene.witnesses):
            await witness.send("message", conversation_id=scene.id, content="still?", message_id=f"late-{number}")
            error = await witness.until_type("error")
            assert (error["code"], error["message_id"]) == ("role_too_low", f"late-{number}")
        async with scene.made.rest("ann") as rest:
            log = await rest.log(scene.id)
        assert "still?" not in {entry.get("content") for entry in log}
        for witness in scene.witnesses:
            await witness.until_entry(log[-1]["sequence_id"])
