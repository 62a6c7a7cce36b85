"""A small MCP server: over its standard streams, or over HTTP on the port in its first argument."""

import asyncio
import os
import sys

from mcp.server import MCPServer

server = MCPServer("calculator")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def fail(a: int = 0, b: int = 0) -> int:
    """Always fail."""
    raise ValueError("password=hunter2")


@server.tool()
async def sleep(a: int = 0, b: int = 0) -> str:
    """Take very long."""
    await asyncio.sleep(3600)
    return "late"


@server.tool()
def crash(a: int = 0, b: int = 0) -> str:
    """End the whole server."""
    os._exit(3)


@server.tool()
def who(a: int = 0, b: int = 0) -> str:
    """Tell the process, and what of its environment it can see."""
    seen = {name: os.environ.get(name) for name in ("CALCULATOR_TOKEN", "SECRET_KEY", "DATABASE_URL")}
    return f"{os.getpid()} {seen}"


@server.tool()
def flood(a: int = 0, b: int = 0) -> str:
    """Give a lot."""
    return "x" * 500_000


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", port=int(sys.argv[1]))
