"""How any tool is executed, whoever it is from: told before, timed, cut, framed, told after; it never ends the run."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
import structlog
from pydantic_ai import ModelRetry, RunContext, ToolFailed
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset

from agents.conf import conf
from agents.history import framed_result
from agents.relay import Relay
from agents.steps import Question, ToolCall, ToolResult
from agents.tools import purpose_of
from participants.errors import ChatError

logger = structlog.get_logger(__name__)


@dataclass
class ShownToolset(WrapperToolset[Question]):
    """Tools whose calls and results are steps of the run. One of these serves one attempt of one run."""

    relay: Relay = field(kw_only=True)
    numbers: "count[int]" = field(kw_only=True)

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Question], tool: ToolsetTool[Question]
    ) -> Any:
        """Execute one call and return what the model reads of its result."""
        given = {key: value for key, value in tool_args.items() if value is not None}
        call = ToolCall(f"call-{next(self.numbers)}", name, given, purpose_of(name, given))
        await self.relay.hand_over(call)
        started = time.monotonic()
        result, is_error = await self._outcome(name, tool_args, ctx, tool)
        result = cut(result)
        duration_ms = round((time.monotonic() - started) * 1000)
        await self.relay.hand_over(ToolResult(call.call_id, name, result, is_error, duration_ms))
        return framed_result(name, result)

    async def _outcome(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Question], tool: ToolsetTool[Question]
    ) -> tuple[str, bool]:
        seconds = ctx.deps.tool_seconds
        try:
            async with asyncio.timeout(seconds):
                return text_of(await self.wrapped.call_tool(name, tool_args, ctx, tool)), False
        except TimeoutError:
            return f"The tool did not answer within {seconds:g} seconds.", True
        except (ToolFailed, ModelRetry) as refusal:
            return refusal.message, True
        except ChatError as refusal:
            return refusal.detail, True
        except Exception:
            # Whatever a tool or its server raises; its text may hold anything, so it goes to the log.
            logger.exception("tool_failed", tool=name, run=str(ctx.deps.run))
            return "The tool failed.", True


def text_of(result: Any) -> str:
    """What a tool returned, as text."""
    if isinstance(result, str):
        return result
    return orjson.dumps(result, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def cut(result: str) -> str:
    """The result within its bound, free of what cannot be stored."""
    clean = result.replace("\x00", "").encode("utf-8", "replace").decode()
    most = conf.tool_characters
    return clean if len(clean) <= most else f"{clean[:most]}\n… (cut, {len(clean) - most} characters more)"
