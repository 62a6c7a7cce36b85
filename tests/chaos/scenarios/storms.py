"""Many at once: everybody comes back, everybody comes, people come and go."""

import asyncio

import httpx

from tests.chaos.crowd import clock
from tests.chaos.stage import Stage, percentile
from tests.clients import RestClient


async def comeback(stage: Stage, *, clients: int, missed: int) -> None:
    """All sockets are cut at once and come back at once, each with something missed."""
    await stage.gather(clients)
    stage.fault()
    for witness in stage.crowd.witnesses:
        witness.gate.clear()
        witness.cut()
    speaker = stage.crowd.witnesses[0]
    speaker.gate.set()
    begun = clock()
    for _ in range(missed):
        await stage.crowd.say_one(speaker)
    missing = clock()
    for witness in stage.crowd.witnesses:
        witness.gate.set()
    await stage.settle()
    complete = [witness.observer.times[-1] - missing for witness in stage.crowd.witnesses if witness.observer.times]
    stage.outcome.claims["meanwhile said"] = f"{missed} in {missing - begun:.1f} s"
    stage.outcome.claim("complete after, p99", percentile(complete, 0.99), 30, slack=3)
    require_no_server_errors(stage)


async def burst(stage: Stage, *, connections: int) -> None:
    """New connections all at the same moment."""
    stage.fault()
    begun = clock()
    for number in range(connections):
        stage.witness(number)
    await stage.crowd.all_connected(120)
    took = [witness.connected_at[0] - begun for witness in stage.crowd.witnesses]
    await stage.crowd.say_one(stage.crowd.witnesses[0])
    await stage.settle()
    stage.outcome.claim("connected after, p99", percentile(took, 0.99), 30, slack=3)
    require_no_server_errors(stage)


async def coming_and_going(stage: Stage, *, people: int, rounds: int, clients: int) -> None:
    """People join and leave all the time, over both servers, while others talk."""
    for number in range(clients):
        stage.witness(number)
    await stage.crowd.all_connected()
    talking = asyncio.create_task(stage.crowd.talk(10, seconds=3600))
    stage.fault()
    statuses = await asyncio.gather(
        *(come_and_go(stage, place, person, rounds) for place, person in enumerate(stage.people[-people:]))
    )
    talking.cancel()
    await stage.settle()
    wrong = [status for row in statuses for status in row if status != httpx.codes.OK]
    stage.outcome.require(f"all joins and leaves pass: {wrong[:5]}", not wrong)
    entries = [row.type for row in stage.history.logs[stage.room]]
    left, joined = entries.count("participant_left"), entries.count("participant_joined")
    stage.outcome.claims["joins and leaves"] = f"{joined}, {left}"
    stage.outcome.require("each of them is one entry", left == people * rounds and joined == left + len(stage.people))
    require_no_server_errors(stage)


async def come_and_go(stage: Stage, place: int, person: dict[str, str], rounds: int) -> list[int]:
    """Leave and join again; the statuses."""
    statuses = []
    async with RestClient(stage.servers[place % len(stage.servers)].url, person["access"]) as rest:
        for _ in range(rounds):
            for verb in ("leave", "join"):
                answer = await rest.post(f"/api/v1/conversations/{stage.room}/{verb}", json={})
                statuses.append(answer.status_code)
    return statuses


def require_no_server_errors(stage: Stage) -> None:
    """No handshake was answered with a 5xx."""
    statuses = {status for witness in stage.crowd.witnesses for status in witness.refusals}
    stage.outcome.require(f"no 5xx: {statuses}", all(status < 500 for status in statuses))
