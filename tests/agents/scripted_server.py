"""A server of chat completions that does what the name of the model says; a program whose argument is its port.

It speaks plain HTTP/1.1 with server-sent events, as OpenAI's does, and misbehaves on demand: statuses, lines that are
no JSON, answers that break off, silence. ``GET /state`` tells what it has seen.
"""

import asyncio
import json
import sys
from typing import Any

SECRET_TEXT = "internal-host-17 token=abc"
state: dict[str, Any] = {"open": 0, "requests": 0, "last": None, "authorization": None}


def chunk(delta: dict[str, Any], finish: str | None = None, model: str = "scripted-1") -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def usage(total: int = 30) -> bytes:
    counts = {"prompt_tokens": total - 10, "completion_tokens": 10, "total_tokens": total}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted-1", "choices": []}
    return f"data: {json.dumps(body | {'usage': counts})}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def text(words: str) -> list[bytes]:
    return [chunk({"content": word + " "}) for word in words.split()]


def call(name: str, arguments: str, call_id: str = "abc", index: int = 0) -> list[bytes]:
    """A tool call in pieces, as models stream them."""
    first = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [arguments[:4], arguments[4:]]
    rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces]
    return [chunk({"tool_calls": [piece]}) for piece in (first, *rest)]


END = [chunk({}, "stop"), usage(), DONE]
CALLS_END = [chunk({}, "tool_calls"), usage(), DONE]
ERROR = f"data: {json.dumps({'error': {'message': SECRET_TEXT, 'code': 500}})}\n\n".encode()
THOUGHTS = [chunk({"reasoning_content": piece}) for piece in ("Let me ", "think.")]
TEXTS = {
    "reasoning": [*THOUGHTS, *text("It is four."), *END],
    "malformed": [*text("So"), b"data: {this is no json}\n\n", DONE],
    "binary": [*text("So"), b"data: \xff\xfe\x00\n\n", DONE],
    "cut": text("This answer breaks off"),
    "cut-at-once": [],
    "ends-early": [*text("This answer breaks off"), DONE],
    "empty": END,
    "filtered": [chunk({}, "content_filter"), usage(), DONE],
    "error-in-stream": [*text("So"), ERROR],
    "nul": [chunk({"content": "a\x00b\ud800c"}), *END],
    "long": [*(chunk({"content": "x" * 1000}) for _ in range(1000)), *END],
}
CALLS = {
    "tools": [[*text("Let me look."), *call("search_messages", '{"query": "tea"}')], call("list_participants", "{}")],
    "parallel": [[*call("current_time", "{}", "x"), *call("list_participants", "{}", "y", 1)]],
    "unknown-tool": [call("launch_rockets", "{}")],
    "bad-arguments": [call("search_messages", '{"nothing')],
    "endless": [call("current_time", "{}")] * 100,
}


def script(request: dict[str, Any]) -> list[bytes]:
    """What the answer to a request consists of: the model's own, or its next calls and then a sentence."""
    model = request["model"]
    turns = sum(bool(message.get("tool_calls")) for message in request["messages"])
    calls = CALLS.get(model, [])
    if model.startswith("mcp/"):
        calls = [call(model.removeprefix("mcp/"), '{"a": 19, "b": 23}')]
    if turns < len(calls):
        return [*calls[turns], *CALLS_END]
    return TEXTS.get(model, [*text("The answer is four."), *END])


STATUSES = {"307": 307, "401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503, "400": 400}


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    state["open"] += 1
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await respond(head.decode("latin-1"), reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        state["open"] -= 1
        writer.close()


async def respond(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if head.startswith("GET /state"):
        answer = json.dumps(state | {"open": state["open"] - 1}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        return
    request = json.loads(body)
    state.update(requests=state["requests"] + 1, last=request, authorization=headers.get("authorization"))
    model = request["model"]
    if model in STATUSES:
        said = json.dumps({"error": {"message": SECRET_TEXT, "type": "x", "code": "y"}}).encode()
        writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n" % STATUSES[model])
        writer.write(b"Location: /elsewhere\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        return
    if model == "silent":
        await reader.read()  # until the client has had enough
        return
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in script(request):
        writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        await writer.drain()
    while model == "slow":
        piece = chunk({"content": "tick "})
        writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)
    if model.startswith("cut"):
        writer.close()
        raise ConnectionError
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def main() -> None:
    server = await asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]), limit=2**24)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
