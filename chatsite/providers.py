"""Sign-in providers (OpenID Connect and social ones) from one variable of the environment. Pure."""

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

OPENID_CONNECT = "openid_connect"
OPTIONS = {OPENID_CONNECT: {"provider_class": "participants.openid.OpenIDProvider"}}
# Where the sign-in page of a provider is, for those that are not told apart by an address of their own.
ORIGINS = {
    "apple": "https://appleid.apple.com",
    "discord": "https://discord.com",
    "github": "https://github.com",
    "gitlab": "https://gitlab.com",
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com",
}


class Providers(NamedTuple):
    """What Django's settings take: apps to install, SOCIALACCOUNT_PROVIDERS, origins that forms may lead to."""

    apps: list[str]
    options: dict[str, dict[str, Any]]
    origins: list[str]


def parse(text: str) -> Providers:
    """From a JSON list of ``{provider, client_id, secret, name?, server_url?, id?, origin?}``.

    ``server_url`` is the issuer of an OpenID Connect provider, ``origin`` where its sign-in page is if that is
    elsewhere. Raises ImproperlyConfigured.
    """
    try:
        entries = json.loads(text or "[]")
        apps: dict[str, list[dict[str, Any]]] = {}
        origins = [_origin(entry) for entry in entries]
        for entry in entries:
            apps.setdefault(entry["provider"], []).append(_app(entry))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(
            'SIGN_IN_PROVIDERS is a JSON list such as [{"provider": "openid_connect", "id": "work", "name": "Work", '
            '"server_url": "https://id.example.com", "client_id": "…", "secret": "…"}].'
        ) from error
    return Providers(
        [f"allauth.socialaccount.providers.{name}" for name in apps],
        {name: {"APPS": rows} | OPTIONS.get(name, {}) for name, rows in apps.items()},
        sorted(set(origins)),
    )


def _app(entry: dict[str, Any]) -> dict[str, Any]:
    app = {"client_id": entry["client_id"], "secret": entry["secret"]}
    if entry["provider"] == OPENID_CONNECT:
        app |= {"provider_id": entry.get("id", "openid"), "settings": {"server_url": entry["server_url"]}}
    return app | {"name": entry.get("name", entry["provider"].replace("_", " ").title())}


def _origin(entry: dict[str, Any]) -> str:
    address = entry.get("origin") or entry.get("server_url") or ORIGINS[entry["provider"]]
    parts = urlsplit(address)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        raise ValueError(address)
    return f"{parts.scheme}://{parts.netloc}"
