"""Servers of tools (MCP): programs on this machine, or addresses. Which ones is the administrators' choice alone.

Connections and programs belong to one answer: they are there when it begins to need them and gone when it ends. A
server that is down is a result that says so, and the answer goes on without it. A program is started only if the
operator listed it (``CHAT_MCP_PROGRAMS``): whoever can edit rows in the admin should not thereby have a shell.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import structlog
from fastmcp.client import Client
from fastmcp.client.transports import ClientTransport, StdioTransport, StreamableHttpTransport
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.toolsets import AbstractToolset

from agents.conf import conf
from agents.profiles import ServerOfTools
from agents.steps import Question

logger = structlog.get_logger(__name__)


class NotAllowed(Exception):
    """The server's row is not complete, or names a program or a key that it may not have."""


async def connected(server: ServerOfTools, stack: AsyncExitStack) -> AbstractToolset[Question] | None:
    """The server's tools, as ``<server>_<tool>``, connected until ``stack`` ends; None if it cannot be reached."""
    try:
        async with asyncio.timeout(conf.mcp_connect_seconds):
            tools: MCPToolset[Question] = MCPToolset(_client(server), id=server.name, tool_error_behavior="failed")
            await stack.enter_async_context(tools)
            await tools.list_tools()  # kept for the answer: it does not fail later because of this one
    except Exception:
        # A program that cannot be started, an address that does not answer or is something else: all are the same here.
        logger.warning("mcp_server_unavailable", server=server.name, exc_info=True)
        return None
    allowed = server.tools
    chosen = tools.filtered(lambda _, tool: tool.name in allowed) if allowed else tools
    return chosen.prefixed(server.name)


def _client(server: ServerOfTools) -> Client[Any]:
    return Client(
        _transport(server),
        timeout=conf.mcp_connect_seconds * 2,
        init_timeout=conf.mcp_connect_seconds,
    )


def _transport(server: ServerOfTools) -> ClientTransport:
    """How to reach it. Raises NotAllowed."""
    if server.url:
        token = _variable(server.token_variable) if server.token_variable else None
        return StreamableHttpTransport(server.url, auth=token)
    if server.command not in _listed(conf.mcp_programs):
        raise NotAllowed(f"{server.command!r} is not in CHAT_MCP_PROGRAMS")
    environment = {name: _variable(name) for name in server.environment}
    return StdioTransport(server.command, list(server.arguments), env=environment, keep_alive=False)


def _variable(name: str) -> str:
    if name not in os.environ:
        raise NotAllowed(f"there is no environment variable {name}")
    return os.environ[name]


def _listed(setting: str) -> Sequence[str]:
    return [entry.strip() for entry in setting.split(",") if entry.strip()]
