"""How many sockets one may have: the newest is refused, never an older one closed."""

from contextlib import AsyncExitStack

from tests.clients import SocketClient
from tests.realtime.conftest import MakeTalk, Talk
from tests.realtime.handshakes import opens, opens_soon, refused


async def open_sockets(stack: AsyncExitStack, made: Talk, name: str, count: int) -> list[SocketClient]:
    sockets = [await stack.enter_async_context(made.socket(name)) for _ in range(count)]
    for socket in sockets:
        await socket.until_type("connected")
    return sockets


async def all_live(sockets: list[SocketClient]) -> None:
    for socket in sockets:
        await socket.send("ping")
        await socket.until_type("pong")


async def test_the_eleventh_socket_on_a_conversation_is_refused_and_the_ten_stay(talk: MakeTalk) -> None:
    made, other = await talk("gus", "hal"), await talk("gus")
    async with AsyncExitStack() as stack:
        sockets = await open_sockets(stack, made, "gus", 10)
        response = await refused(made.server, 429, "too_many_sockets", made.url, made.people["gus"]["access"])
        assert response.status_code == 403 or int(response.headers["retry-after"]) > 0
        await opens(made.socket("hal"))
        await opens(other.socket("gus"))
        await all_live(sockets)
        await sockets[3].connection.close()
        await opens_soon(made.url, made.people["gus"]["access"])


async def test_the_fifty_first_socket_of_a_participant_is_refused_and_the_fifty_stay(talk: MakeTalk) -> None:
    talks = [await talk("ida", "hal") for _ in range(6)]
    access = talks[0].people["ida"]["access"]
    async with AsyncExitStack() as stack:
        opened = [await open_sockets(stack, made, "ida", 10) for made in talks[:4]]
        sockets = [socket for batch in opened for socket in batch]
        sockets += [await stack.enter_async_context(SocketClient(talks[0].all_url, access)) for _ in range(10)]
        for address in (talks[5].url, talks[5].all_url):
            await refused(talks[0].server, 429, "too_many_sockets", address, access)
        await opens(talks[5].socket("hal"))
        await all_live(sockets)
        await sockets[-1].connection.close()
        await opens_soon(talks[5].url, access)
