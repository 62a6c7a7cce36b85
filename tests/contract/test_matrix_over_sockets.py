"""The commands of sockets against the same table as REST: the same refusal in the same words, cell by cell."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.clients import RestClient, SocketClient, bearer
from tests.contract.matrix import ACTORS, PUBLIC_STATES, ROLES, STATES, Answer, expected
from tests.servers import ServerProcess

INSIDE = [actor for actor in ACTORS if actor not in {"anonymous", "outsider", "invited"}]
pytestmark = pytest.mark.slow  # to set the scene

# What changes who is in has conversations of its own: one for each of these and each state.
PLACES = ("stay", "join", "join invited", "leave")
# Command and fields by the action of the table.
COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "read detail": ("subscribe", {}),
    "mark read": ("read", {"sequence_id": 2}),
    "send": ("message", {"content": "hello"}),
    "type": ("typing", {"is_typing": True}),
    "join": ("join", {}),
    "join invited": ("join", {}),
    "leave": ("leave", {}),
}


@dataclass(frozen=True)
class Scene:
    """Everybody's token; of each state and place a conversation's id and an invitation's token."""

    server: ServerProcess
    access: dict[str, str]
    ids: dict[tuple[str, str], str]
    tokens: dict[tuple[str, str], str]


def done(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def arrange(rest: dict[str, httpx.Client], people: dict[str, Any], state: str, conversation: str) -> str:
    """Bring a conversation and its people into a state; returns an invitation's token."""
    path = f"/api/v1/conversations/{conversation}"
    done(rest["left"].delete(f"{path}/leave"))
    done(rest["owner"].delete(f"{path}/participants/{people['removed']['id']}"))
    done(rest["owner"].put(f"{path}/bans/{people['banned']['id']}"))
    token = done(rest["owner"].post(f"{path}/invitations", json={}))["token"]
    changes = {"locked": {"locked": True}, "archived": {"archived": True}}.get(state)
    if changes:
        done(rest["owner"].patch(path, json=changes))
    if state == "deleted":
        done(rest["owner"].delete(path))
    return str(token)


@pytest.fixture(scope="module")
def scene(server: ServerProcess) -> Scene:
    tag = uuid.uuid4().hex[:6]
    names = {actor: f"{actor}-{tag}" for actor in ACTORS if actor != "anonymous"}
    keys = [(state, place) for state in STATES for place in PLACES]
    members = {names[actor]: actor if actor in ROLES else "member" for actor in INSIDE}
    made = server.provision(
        {
            "participants": [
                {"username": name, "kind": "agent" if actor == "agent" else "human"} for actor, name in names.items()
            ],
            "conversations": [
                {
                    "title": f"{tag} {state} {place}",
                    "visibility": "public" if state in PUBLIC_STATES else "private",
                    "members": members,
                }
                for state, place in keys
            ],
        }
    )
    people = {actor: made["participants"][name] for actor, name in names.items()}
    ids = {key: made["conversations"][f"{tag} {key[0]} {key[1]}"] for key in keys}
    access = {actor: who["access"] for actor, who in people.items()}
    rest = {
        actor: httpx.Client(base_url=server.url, headers=bearer(access[actor]), timeout=30)
        for actor in ("owner", "left")
    }
    tokens = {key: arrange(rest, people, key[0], ids[key]) for key in keys}
    deactivate = "from participants.models import Participant; Participant.objects.filter(username='{}').update({})"
    server.installation.manage("shell", "-c", deactivate.format(names["deactivated"], "is_active=False"))
    return Scene(server, access, ids, tokens)


async def code_of(socket: SocketClient, command: str, conversation: str, **fields: Any) -> str:
    """The code that a command is refused with, empty if it is done.

    Commands are answered one after the other, but for sends: those are answered by their ``message_id``, when stored.
    """
    nonce, before = uuid.uuid4().hex, len(socket.frames)
    if command == "message":
        await socket.send(command, conversation_id=conversation, message_id=nonce, **fields)
        kinds = {"message_ack", "error"}
        answer = await socket.until(lambda frame: frame["type"] in kinds and frame.get("message_id") == nonce)
        return str(answer.get("code", ""))
    await socket.send(command, conversation_id=conversation, **fields)
    await socket.send("ping", nonce=nonce)
    await socket.until(lambda frame: frame.get("nonce") == nonce)
    codes = [frame["code"] for frame in socket.frames[before:] if frame["type"] == "error"]
    assert len(codes) <= 1
    return codes[0] if codes else ""


async def handshake(url: str, access: str | None) -> Answer:
    try:
        async with SocketClient(url, access) as socket:
            await socket.until_type("connected")
    except InvalidStatus as refused:
        return Answer(refused.response.status_code, json.loads(refused.response.body)["code"])
    return Answer(200)


def wanted_code(actor: str, action: str, state: str) -> str:
    """As over REST; only typing needs a subscription, which nobody from outside gets."""
    code = expected(actor, action, state).code
    return "not_subscribed" if action == "type" and code in {"not_a_participant", "not_found"} else code


@pytest.mark.parametrize("state", STATES)
async def test_every_command_is_answered_as_the_table_says(scene: Scene, state: str) -> None:
    wrong = {}
    for actor in (actor for actor in ACTORS if actor in scene.access and actor != "deactivated"):
        async with SocketClient(f"{scene.server.ws_url}/chat/ws", scene.access[actor]) as socket:
            for action, (command, fields) in COMMANDS.items():
                key = (state, action if action in PLACES else "stay")
                more = {"invitation": scene.tokens[key]} if action == "join invited" else {}
                given = await code_of(socket, command, scene.ids[key], **fields, **more)
                if given != (wanted := wanted_code(actor, action, state)):
                    wrong[actor, action] = (given, wanted)
    assert wrong == {}


@pytest.mark.parametrize("state", STATES)
async def test_a_socket_opens_for_whom_rest_shows_the_conversation(scene: Scene, state: str, asgi_server: str) -> None:
    if asgi_server == "daphne":
        pytest.skip("Daphne refuses every handshake with a bare 403")
    conversation = scene.ids[state, "stay"]
    given, shown = {}, {}
    for actor in ACTORS:
        access = scene.access.get(actor)
        given[actor] = await handshake(f"{scene.server.ws_url}/chat/ws/{conversation}", access)
        async with RestClient(scene.server.url, access) as rest:
            answer = await rest.get(f"/api/v1/conversations/{conversation}")
            shown[actor] = Answer(answer.status_code, answer.json().get("code", ""))
    assert given == shown == {actor: expected(actor, "read detail", state) for actor in ACTORS}


async def test_sockets_for_many_conversations_open_for_whoever_is_signed_in(scene: Scene, asgi_server: str) -> None:
    if asgi_server == "daphne":
        pytest.skip("Daphne refuses every handshake with a bare 403")
    for actor in ACTORS:
        wanted = expected(actor, "join", "public") if actor in {"anonymous", "deactivated"} else Answer(200)
        assert await handshake(f"{scene.server.ws_url}/chat/ws", scene.access.get(actor)) == wanted
