"""Short plays in which each planted fault must show: what the rules are given to judge."""

import asyncio

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.chaos.crowd import Witness, clock, keep_log, read_log
from tests.chaos.history import Ack, Budget, Invoke, Knock, Loss, Presence
from tests.chaos.stage import Stage
from tests.clients import RestClient, SocketClient
from tests.realtime.credentials import browser
from tests.servers import ServerProcess

QUIET = 6.0  # seconds in which everything must have come to rest


async def post(stage: Stage, server: ServerProcess, person: dict[str, str], key: str) -> int:
    """Send a message over REST once and note it; the status."""
    async with RestClient(server.url, person["access"]) as rest:
        answer = await rest.say(stage.room, f"by REST {key}", message_id=key)
    if answer.status_code in {200, 201}:
        number = answer.json()["sequence_id"]
        stage.history.acks.append(Ack(clock(), stage.room, person["id"], key, number))
    return answer.status_code


async def post_on_both(stage: Stage, person: dict[str, str], key: str, *, at_once: bool) -> None:
    """The same message over both servers: at the same time, or one after the other."""
    stage.history.invokes.append(Invoke(clock(), stage.room, person["id"], key, f"by REST {key}"))
    sends = [post(stage, server, person, key) for server in stage.servers]
    if at_once:
        await asyncio.gather(*sends)
    else:
        for send in sends:
            await send


async def speak(stage: Stage, witness: Witness, count: int) -> None:
    """Say things, each after the ack of the one before; after some of them read the log elsewhere."""
    for number in range(count):
        await asyncio.wait_for(stage.crowd.say_one(witness), QUIET)
        if number % 5 == 0:
            await read_log(stage.servers[number % 2].url, witness.person["access"], stage.history, stage.room)


async def talk(stage: Stage) -> None:
    """Many speakers on two servers, repeated sends, lines cut in the middle, and somebody who reads it all later."""
    for number in range(8):
        url = stage.servers[number % 2].ws_url
        stage.witness(number, url=url, scale=0.2)
    await stage.crowd.all_connected()
    speaking = [asyncio.create_task(speak(stage, witness, 8)) for witness in list(stage.crowd.witnesses)]
    for number in range(6):
        await post_on_both(stage, stage.people[number], f"both-{number}", at_once=number % 2 == 0)
        stage.crowd.witnesses[number].cut()
    for number in range(8, 12):
        stage.witness(number, url=stage.servers[number % 2].ws_url)
        await asyncio.sleep(0.1)
    await asyncio.gather(*speaking, return_exceptions=True)
    await rest(stage)


async def rest(stage: Stage) -> None:
    """Let it come to rest, whatever is broken, and keep the log."""
    end = await keep_log(stage.servers[0].url, stage.people[0]["access"], stage.history, stage.room)
    await stage.crowd.all_shown(end, QUIET)


async def silent_bell(stage: Stage) -> None:
    """The last words fall while Redis is away."""
    for number in range(4):
        stage.witness(number, url=stage.servers[number % 2].ws_url)
    await stage.crowd.all_connected()
    await asyncio.to_thread(stage.engines.valkeys[0].kill)
    await speak(stage, stage.crowd.witnesses[0], 6)
    await asyncio.to_thread(stage.engines.valkeys[0].start)
    await rest(stage)


async def removal(stage: Stage) -> None:
    """Somebody is removed in the middle of a conversation that goes on."""
    for number in range(4):
        stage.witness(number, url=stage.servers[number % 2].ws_url)
    await stage.crowd.all_connected()
    victims = stage.crowd.witnesses[2:]
    for victim in victims:
        victim.observer.stays = False
        path = f"/api/v1/conversations/{stage.room}/participants/{victim.person['id']}"
        async with RestClient(stage.servers[0].url, stage.people[0]["access"]) as owner:
            assert (await owner.delete(path)).status_code == httpx.codes.NO_CONTENT
        stage.history.losses.append(Loss(clock(), stage.room, victim.observer.name, 1.0))
    for _ in range(8):
        await stage.crowd.say_one(stage.crowd.witnesses[0])
        await asyncio.sleep(0.3)
    await rest(stage)


async def crash(stage: Stage) -> None:
    """The process of somebody's only socket is killed; the others are to hear of it."""
    watcher, gone = stage.people[0], stage.people[1]
    address = f"/chat/ws/{stage.room}"
    async with SocketClient(stage.servers[0].ws_url + address, watcher["access"]) as socket:
        await socket.until_type("connected")
        async with SocketClient(stage.servers[1].ws_url + address, gone["access"]) as other:
            await other.until_type("connected")
            await socket.until(lambda frame: frame["type"] == "presence" and frame["status"] == "online")
            killed = clock()
            await asyncio.to_thread(stage.servers[1].kill)
        row = Presence(gone["id"], killed, None, bound=15)
        stage.history.presence.append(row)
        try:
            wanted = {"type": "presence", "status": "offline", "participant_id": gone["id"]}
            await socket.until(lambda frame: wanted.items() <= frame.items(), timeout=row.bound + 5)
        except AssertionError:
            return
        row.gone = clock()


async def pages(stage: Stage) -> None:
    """Pages of several origins use the cookie of somebody who is signed in."""
    server = stage.servers[0]
    host = server.url.removeprefix("http://")
    origins = {server.url: True, f"http://evil.{host}": False, f"http://evil{host}": False, "http://localhost": False}
    async with browser(server) as signed_in:
        cookie = f"sessionid={signed_in.cookies['sessionid']}"
        for origin, welcome in origins.items():
            headers = {"Cookie": cookie, "Origin": origin}
            try:
                async with connect(f"{server.ws_url}/chat/ws", additional_headers=headers):
                    entered = True
            except InvalidStatus:
                entered = False
            stage.history.knocks.append(Knock(origin, welcome, entered))


async def flood(stage: Stage) -> None:
    """One author sends as fast as possible over both servers, where ten may go through at once."""
    author = stage.people[0]
    statuses = []
    for number in range(16):
        key = str(number)
        stage.history.invokes.append(Invoke(clock(), stage.room, author["id"], key, f"by REST {key}"))
        statuses.append(await post(stage, stage.servers[number % 2], author, key))
    assert statuses[0] == httpx.codes.CREATED
    stage.history.budgets.append(Budget("messages", 10, statuses.count(httpx.codes.CREATED)))
    await rest(stage)
