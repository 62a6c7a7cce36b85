"""The model that is always there: no network, no key, no language model. It knows keywords and asks its tools.

The same question in the same conversation gets the same answer, so it also serves tests and measurements.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable

import orjson
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import (
    AgentInfo,
    DeltaThinkingCalls,
    DeltaThinkingPart,
    DeltaToolCall,
    DeltaToolCalls,
    FunctionModel,
)

from agents.conf import conf
from agents.profiles import Profile
from agents.steps import Question
from agents.understanding import Call, Understanding, understood

MODEL_NAME = "builtin"

_FRAME = re.compile(r"\A<[^>]*>(.*)</[^>]*>\Z", re.DOTALL)
_ABILITIES = """\
I am a small built-in helper, not a language model: I understand a few kinds of questions in English, look the answer \
up in this conversation and never make anything up. You can ask me to

- **search**: “search for invoices”, “who mentioned Berlin?”
- **read**: “the last 5 messages”, “message 12”
- **sum up**: “summarise this conversation”, “recap messages 10 to 40”
- say **who is here**, or what **time** it is: “what time is it in Europe/Vienna?”

Whoever runs this site can connect me to a real model."""
_LEADS = {
    "search_messages": "Here is what I found:",
    "read_messages": "Here they are:",
    "summarise_messages": "In short:",
    "list_participants": "These are here:",
    "current_time": "It is",
}


async def model(question: Question, profile: Profile) -> FunctionModel:
    """The built-in model, ready for this question."""
    asked = question.lines[-1] if question.lines else None
    return FunctionModel(
        stream_function=_Answerer(understood(asked.content if asked else ""), asked.name if asked else "").stream,
        model_name=MODEL_NAME,
    )


class _Answerer:
    """One answer: it asks one tool after the other, then says what they said."""

    def __init__(self, understanding: Understanding, asker: str) -> None:
        self._understanding = understanding
        self._asker = asker

    async def stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | DeltaToolCalls | DeltaThinkingCalls]:
        """The next response: a thought and a call, or the answer in pieces."""
        allowed = {tool.name for tool in info.function_tools}
        calls = [call for call in self._understanding.calls if call.tool in allowed]
        results = _results(messages)
        if len(results) < len(calls):
            call = calls[len(results)]
            yield {0: DeltaThinkingPart(content=call.thought)}
            yield {1: DeltaToolCall(call.tool, orjson.dumps(dict(call.arguments)).decode())}
            return
        for piece in _pieces(self._answer(calls, results)):
            await asyncio.sleep(conf.builtin_pause_seconds)
            yield piece

    def _answer(self, calls: list[Call], results: list[str]) -> str:
        if self._understanding.pleasantry or not self._understanding.calls:
            return self._pleasantry()
        if not calls:
            return "I would have to look that up, but I may not use the tools for it in this conversation."
        told = [_told(call, result) for call, result in zip(calls, results, strict=False)]
        return "\n\n".join(told)

    def _pleasantry(self) -> str:
        match self._understanding.pleasantry:
            case "greeting":
                return f"Hello {_unnamed(self._asker)}! Ask me for a summary, a search, or for help."
            case "thanks":
                return "You are welcome."
            case "help":
                return _ABILITIES
            case _:
                return f"I did not understand that.\n\n{_ABILITIES}"


def _results(messages: list[ModelMessage]) -> list[str]:
    """What tools have answered since somebody asked."""
    results: list[str] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            for part in message.parts:
                if isinstance(part, UserPromptPart):
                    results.clear()
                elif isinstance(part, ToolReturnPart):
                    results.append(_unframed(str(part.content)))
    return results


def _unframed(content: str) -> str:
    match = _FRAME.match(content)
    return (match.group(1) if match else content).replace("&lt;", "<")


def _told(call: Call, result: str) -> str:
    if call.tool == "current_time":
        return f"It is {result}."
    head, _, rest = result.partition("\n")
    lead = _LEADS.get(call.tool, "")
    quoted = "\n".join(f"> {_unnamed(line)}" if line.strip() else ">" for line in (rest or head).splitlines())
    if call.tool == "search_messages" and not rest:
        return f"{_unnamed(head)} I have looked for these words and their forms only."
    summary = f" {_unnamed(head)}" if rest else ""
    return f"{lead}{summary}\n\n{quoted}"


def _unnamed(text: str) -> str:
    """With names that call nobody: what is quoted was said to others, at another time."""
    return text.replace("@", "@\u2060")


def _pieces(text: str) -> Iterable[str]:
    """Words, with what stands between them."""
    return re.findall(r"\S+\s*|\s+", text)
