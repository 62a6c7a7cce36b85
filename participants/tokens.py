"""Access and refresh tokens: JSON Web Tokens (RFC 7519) that name a sign-in, which decides whether they are good."""

from datetime import timedelta
from typing import Any, TypedDict

from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from participants.errors import NotAuthenticated
from participants.models import SignIn


class TokenPair(TypedDict):
    """What a client gets: ``expires_in`` is the life of ``access`` in seconds."""

    access: str
    refresh: str
    expires_in: int


def _claims(token: Token, sign_in: SignIn) -> Token:
    token["sub"] = str(sign_in.participant_id)
    token["sid"] = str(sign_in.pk)
    token["token_version"] = sign_in.token_version
    return token


def issue_access(sign_in: SignIn) -> str:
    """A new access token of ``sign_in``."""
    return str(_claims(AccessToken(), sign_in))


def issue_pair(sign_in: SignIn) -> TokenPair:
    """New tokens; the refresh token's id becomes the one that is good. The caller saves the row."""
    refresh = _claims(RefreshToken(), sign_in)
    now = timezone.now()
    sign_in.refresh_jti = str(refresh["jti"])
    sign_in.used_at = now
    sign_in.expires_at = now + api_settings.REFRESH_TOKEN_LIFETIME
    return {"access": issue_access(sign_in), "refresh": str(refresh), "expires_in": access_seconds()}


def access_seconds() -> int:
    """The life of an access token in seconds."""
    lifetime: timedelta = api_settings.ACCESS_TOKEN_LIFETIME
    return int(lifetime.total_seconds())


def _read(kind: type[Token], raw: str) -> dict[str, Any]:
    # Expired and forged look the same to simplejwt; the client's next step is the same too: a new token.
    try:
        payload: dict[str, Any] = kind(raw).payload  # type: ignore[arg-type]
    except TokenError as error:
        raise NotAuthenticated(
            "This token is not valid, or no longer. Get a new one and try again.", code="token_invalid"
        ) from error
    if not {"sub", "sid", "token_version"} <= payload.keys():
        raise NotAuthenticated("This token is not one of ours.", code="token_invalid")
    return payload


def read_access(raw: str) -> dict[str, Any]:
    """The claims of a well-signed, unexpired access token; raises NotAuthenticated ``token_invalid``."""
    return _read(AccessToken, raw)


def read_refresh(raw: str) -> dict[str, Any]:
    """The claims of a well-signed, unexpired refresh token; raises NotAuthenticated ``token_invalid``."""
    return _read(RefreshToken, raw)
