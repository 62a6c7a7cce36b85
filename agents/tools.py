"""The built-in tools: what a model may call, what each is told about it, and what people are told when it does.

A tool takes one hop to a thread for all of its database work. Refusals are results as well: a model can go on with
them. What comes back is cut, timed and shown by :mod:`agents.toolset`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic_ai import RunContext, ToolFailed
from pydantic_ai.toolsets import FunctionToolset

from agents import excerpts
from agents.steps import Question
from realtime import database

Context = RunContext[Question]


async def search_messages(context: Context, query: str, limit: int = 10) -> str:
    """Search this conversation for words. All must be there; "several words" in quotes, -word excludes, or between.

    Args:
        query: What to search for.
        limit: How many messages to return, at most 50.
    """
    return await database.run(excerpts.found, context.deps, query, limit)


async def read_messages(context: Context, after: int | None = None, before: int | None = None, limit: int = 20) -> str:
    """Read messages of this conversation in their order: the newest, or those behind or before a message's number.

    Args:
        after: Only messages with a higher number than this.
        before: Only messages with a lower number than this.
        limit: How many messages to return, at most 50.
    """
    return await database.run(excerpts.page, context.deps, after=after, before=before, limit=limit)


async def summarise_messages(context: Context, first: int | None = None, last: int | None = None) -> str:
    """Get an overview of a range of messages: who wrote how many, frequent words, the most telling ones.

    Args:
        first: The number of the first message; the beginning if left out.
        last: The number of the last message; the newest if left out.
    """
    return await database.run(excerpts.digest, context.deps, first=first, last=last)


async def list_participants(context: Context) -> str:
    """List who is in this conversation, with their roles and whether they are online."""
    return await database.run(excerpts.members, context.deps)


async def current_time(context: Context, timezone: str = "UTC") -> str:
    """Tell the date and the time.

    Args:
        timezone: A name such as Europe/Vienna.
    """
    try:
        zone = ZoneInfo(timezone) if timezone != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ToolFailed("There is no such time zone.") from error
    return f"{datetime.now(zone):%A, %Y-%m-%d %H:%M:%S} {timezone}"


TOOLS: Mapping[str, Callable[..., Awaitable[str]]] = {
    tool.__name__: tool
    for tool in (search_messages, read_messages, summarise_messages, list_participants, current_time)
}


def toolset_of(names: Sequence[str]) -> FunctionToolset[Question]:
    """The tools of these names; names that nothing here has are left out."""
    tools: FunctionToolset[Question] = FunctionToolset(id="conversation")
    for name in names:
        if name in TOOLS and name not in tools.tools:
            tools.add_function(TOOLS[name], name=name)
    return tools


def purpose_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """A phrase for people about a call; the arguments are shown beside it."""
    match tool:
        case "search_messages":
            return f"Search this conversation for “{str(arguments.get('query', ''))[:80]}”"
        case "read_messages":
            return "Read messages of this conversation"
        case "summarise_messages":
            return "Look over this conversation"
        case "list_participants":
            return "See who is in this conversation"
        case "current_time":
            return "Look at the clock"
        case _:
            return ""
