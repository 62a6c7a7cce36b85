"""A run of a model and its tools, from a question to the steps of an answer: the one place that drives pydantic-ai."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import PurePath
from typing import Any

from pydantic_ai import Agent, AgentRunResult, AgentStreamEvent, RunContext, UsageLimits
from pydantic_ai.messages import (
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
)
from pydantic_ai.toolsets import AbstractToolset, CombinedToolset

from agents import providers
from agents.failures import Code, failure
from agents.history import calls_interrupted, instructions_for, messages_for
from agents.profiles import Profile
from agents.relay import Relay, relayed
from agents.steps import Question, Step, TextDelta, Thinking, ToolCall, ToolResult, Usage
from agents.tools import toolset_of
from agents.toolset import ShownToolset

_BETWEEN = "\n\n"


def steps(question: Question, profile: Profile) -> AsyncGenerator[Step]:
    """The steps of the answer; raises whatever the library does."""
    return relayed(partial(_converse, question, profile))


async def _converse(question: Question, profile: Profile, relay: Relay) -> None:
    model = await providers.model_of(question, profile)
    for missing in calls_interrupted(question.done):
        await relay.hand_over(missing)
    agent: Agent[Question, str] = Agent(model, deps_type=Question, retries={"tools": question.max_steps, "output": 1})
    async with AsyncExitStack() as stack:
        tools = await _tools_of(question, profile, relay, stack)
        result = await agent.run(
            message_history=messages_for(question, name=profile.name),
            instructions=instructions_for(question, name=profile.name, username=profile.username),
            deps=question,
            toolsets=[tools],
            usage_limits=UsageLimits(request_limit=question.max_steps),
            event_stream_handler=_Writer(relay).write,
        )
    await relay.emit(_usage(result, question))


async def _tools_of(
    question: Question, profile: Profile, relay: Relay, stack: AsyncExitStack
) -> AbstractToolset[Question]:
    """The built-in tools and those of servers; of a server that is down people are told, and it has none."""
    numbers = count(1 + sum(isinstance(step, ToolCall) for step in question.done))
    toolsets: list[AbstractToolset[Question]] = [toolset_of(question.tools)]
    for server in profile.servers:
        mcp = await asyncio.to_thread(import_module, "agents.mcp")  # a second to load, for those who need it
        tools = await mcp.connected(server, stack)
        if tools is not None:
            toolsets.append(tools)
        else:
            await _tell_unavailable(server.name, relay, numbers)
    return ShownToolset(CombinedToolset(toolsets), relay=relay, numbers=numbers)


async def _tell_unavailable(server: str, relay: Relay, numbers: "count[int]") -> None:
    call_id = f"call-{next(numbers)}"
    await relay.hand_over(ToolCall(call_id, server, {}, f"Connect to {server}"))
    result = "The server of these tools cannot be reached."
    await relay.hand_over(ToolResult(call_id, server, result, is_error=True, duration_ms=0))


def _usage(result: AgentRunResult[str], question: Question) -> Usage:
    """What it cost. Raises AnswerFailed for an answer without words."""
    if not result.output.strip():
        raise failure(Code.MALFORMED)
    said = result.response.model_name or question.model
    model = PurePath(said).name if said.startswith("/") else said  # llama.cpp tells where its file is
    return Usage(result.usage.total_tokens, model)


class _Writer:
    """Passes on what a model writes and thinks, as it comes."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._has_text = False

    async def write(self, context: RunContext[Any], events: AsyncIterable[AgentStreamEvent]) -> None:
        """Take the events of one step of the run. Kinds that are not known here are of no concern."""
        begins = True
        async for event in events:
            match event:
                case (
                    PartStartEvent(part=TextPart(content=text))
                    | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
                ) if text:
                    await self._relay.emit(TextDelta(self._separated(text, begins=begins)))
                    begins = False
                case PartEndEvent(part=ThinkingPart(content=thought)) if thought.strip():
                    await self._relay.emit(Thinking(_storable(thought)))

    def _separated(self, text: str, *, begins: bool) -> str:
        """What is written before and after a tool was used are paragraphs."""
        text = _storable(text)
        separated = _BETWEEN + text if begins and self._has_text else text
        self._has_text = True
        return separated


def _storable(text: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
