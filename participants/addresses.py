"""From where somebody asks: the client's address, from as many proxies as are configured and no more."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from participants.conf import conf


def client_address(peer: str | None, forwarded: Sequence[str]) -> str:
    """The address of whoever asks.

    ``peer`` is the other end of the connection, ``forwarded`` the entries of X-Forwarded-For from left to right. Each
    proxy of ours has added one at the right; what stands further left the client may have written itself.
    """
    trusted = conf.proxies
    if trusted and len(forwarded) >= trusted:
        return forwarded[-trusted]
    return peer or "unknown"


def entries_of(header: str) -> list[str]:
    """The entries of an X-Forwarded-For header."""
    return [entry.strip() for entry in header.split(",") if entry.strip()]


# The address of whoever the work in hand is done for; set where requests and sockets come in.
current: ContextVar[str] = ContextVar("client_address", default="")


def of_request(meta: Mapping[str, Any]) -> str:
    """The client's address of an HTTP request's ``META``."""
    return client_address(meta.get("REMOTE_ADDR"), entries_of(meta.get("HTTP_X_FORWARDED_FOR", "")))


def of_socket(scope: Mapping[str, Any]) -> str:
    """The client's address of an ASGI scope."""
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    return client_address((scope.get("client") or [None])[0], entries_of(",".join(forwarded)))
