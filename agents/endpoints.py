"""Servers of models: one HTTP client for all of a process's event loop, bounded and timed, and the keys they are given.

Addresses come from settings and from the admin, never from anything that somebody said.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator
from weakref import WeakKeyDictionary

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models import get_user_agent
from pydantic_ai.profiles.openai import OpenAIModelProfile

from agents.conf import conf
from agents.failures import Code, failure

# An answer that does not say how it ended was cut off: a proxy in between can make that look like an end.
STREAMED = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)

# What an administrator may name as a key. Anything else in the environment is not for the servers of models.
_KEY_NAME = re.compile(r"\A[A-Z][A-Z0-9_]*_API_KEY\Z")
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx2.AsyncClient, AsyncGenerator[None]]]
_clients = WeakKeyDictionary()


def key_from(variable: str) -> str | None:
    """The key in this environment variable; None without a name. Raises AnswerFailed for a name that has none."""
    if not variable:
        return None
    key = os.environ.get(variable, "") if _KEY_NAME.match(variable) else ""
    if not key:
        raise failure(Code.NOT_CONFIGURED)
    return key


async def _closing(client: httpx2.AsyncClient) -> AsyncGenerator[None]:
    async with client:
        yield


async def http_client() -> httpx2.AsyncClient:
    """The running loop's client, closed with it: a loop that ends closes the async generators that it has begun."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(conf.model_silence_seconds, connect=conf.model_connect_seconds),
            limits=httpx2.Limits(max_connections=conf.model_connections, max_keepalive_connections=5),
            headers={"User-Agent": get_user_agent()},
            follow_redirects=False,
        )
        keeper = _closing(client)
        _clients[loop] = client, keeper
        await anext(keeper)
    return _clients[loop][0]


async def openai_client(base_url: str, key: str | None) -> AsyncOpenAI:
    """A client of an OpenAI-compatible server; it tries once, as whether to try again is the run's decision."""
    return AsyncOpenAI(
        base_url=base_url,
        api_key=key or "none",  # it insists on one
        http_client=await http_client(),
        max_retries=0,
        timeout=httpx2.Timeout(conf.model_silence_seconds, connect=conf.model_connect_seconds),
    )
