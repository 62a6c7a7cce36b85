"""Accounts, browser sessions and spoilt tokens, for tests of who gets in."""

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from tests.clients import RestClient
from tests.servers import ServerProcess

PASSWORD = "a long enough secret"

# How a good token is spoilt: other claims (None takes one away), another signature, or the text itself.
CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_700_000_000},
    "another audience": {"aud": "elsewhere"},
    "another issuer": {"iss": "elsewhere"},
    "another type": {"token_type": "refresh"},
    "no sign-in": {"sid": None},
    "no version": {"token_version": None},
}
SIGNATURES = {
    "another key": ("another-key-" * 4, "HS256"),
    "another algorithm": ("", "HS512"),
    "no algorithm": ("", "none"),
}
TEXTS: dict[str, Callable[[str], str]] = {
    "garbage": lambda _: "garbage",
    "cut": lambda good: good[:-5],
    "no signature": lambda good: good.rpartition(".")[0] + ".",
    "four parts": lambda good: f"{good}.{good.rpartition('.')[2]}",
    "a long one": lambda good: good + "x" * 5_000,
}
NEVER = [*CLAIMS, *SIGNATURES, *TEXTS]


async def account(rest: RestClient) -> dict[str, Any]:
    """Register somebody; ``{username, participant, access, refresh}``."""
    username = f"visitor-{uuid.uuid4().hex[:12]}"
    answer = await rest.post("/api/v1/auth/register", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"username": username, **answer.json()}


class browser(httpx.AsyncClient):  # noqa: N801 - reads as a context
    """A browser in which somebody new is signed in through the page."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(base_url=server.url, timeout=30)
        self.username = ""

    async def __aenter__(self) -> "browser":
        await super().__aenter__()
        async with RestClient(str(self.base_url)) as rest:
            self.username = (await account(rest))["username"]
        answer = await self.submit("/sign-in", username=self.username, password=PASSWORD)
        assert "sessionid" in self.cookies, answer.text
        return self

    async def submit(self, path: str, **fields: str) -> httpx.Response:
        """Post a form as its page would."""
        if "csrftoken" not in self.cookies:
            await self.get("/sign-in")
        return await self.post(path, data=fields | {"csrfmiddlewaretoken": self.cookies["csrftoken"]})

    async def sign_out(self) -> None:
        """End the session; its cookie is dead then."""
        assert (await self.submit("/sign-out")).status_code == 302


def signing_key(server: ServerProcess) -> str:
    """The key of the server's tokens."""
    return hmac.new(server.installation.environment["SECRET_KEY"].encode(), b"jwt", hashlib.sha256).hexdigest()


def forged(server: ServerProcess, good: str, how: str) -> str:
    """A good token spoilt in one way; ``nothing`` signs the same claims again."""
    if how in TEXTS:
        return TEXTS[how](good)
    claims = jwt.decode(good, options={"verify_signature": False}) | CLAIMS.get(how, {})
    key, algorithm = SIGNATURES.get(how, ("", "HS256"))
    own = "" if algorithm == "none" else signing_key(server)
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key or own, algorithm)


def log_lines(server: ServerProcess, pattern: str) -> list[str]:
    """The lines of the server's log in which the pattern is found."""
    return [line for line in server.log_text().splitlines() if re.search(pattern, line)]
