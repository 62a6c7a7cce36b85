"""Hashing is slow on purpose: nobody holds a database connection for it, and few do it at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection

from participants import hashing, services
from participants.errors import InvalidInput, NotAuthenticated, Unavailable
from participants.models import Participant
from tests.parallel import at_once
from tests.personas import PASSWORD, guest, nobody, person

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "another-horse-battery-staple"


class WatchingHasher(MD5PasswordHasher):
    """Quick; notes whether whoever hashes holds a connection, and how many do it at once."""

    algorithm = "watching"
    held: list[bool] = []
    _lock = threading.Lock()
    at_once = most = 0

    def encode(self, password: str, salt: str) -> str:
        cls = type(self)
        with cls._lock:
            cls.held.append(connection.connection is not None)
            cls.at_once += 1
            cls.most = max(cls.most, cls.at_once)
        try:
            return super().encode(password, salt)
        finally:
            with cls._lock:
                cls.at_once -= 1


@pytest.fixture
def watched(settings: Any) -> type[WatchingHasher]:
    settings.PASSWORD_HASHERS = [f"{__name__}.WatchingHasher"]
    WatchingHasher.held, WatchingHasher.most = [], 0
    return WatchingHasher


def sign_in(username: str, password: str) -> Any:
    return services.password_check(username=username, password=password, address="::1")


def sign_in_wrongly(username: str) -> None:
    with pytest.raises(NotAuthenticated):
        sign_in(username, "a wrong guess")


def ada() -> Participant:
    return person("ada", password=PASSWORD)


def get_token() -> None:
    assert nobody().post("auth/token", {"username": "ada", "password": PASSWORD}).status_code == 200


DEEDS: dict[str, Callable[[Participant], Any]] = {
    "signing in": lambda who: sign_in("ada", PASSWORD),
    "signing in wrongly": lambda who: sign_in_wrongly("ada"),
    "an unknown name": lambda who: sign_in_wrongly("nobody"),
    "a token": lambda who: get_token(),
    "an account": lambda who: services.participant_register(username="grace", password=PASSWORD),
    "another password": lambda who: services.password_change(participant=who, old=PASSWORD, new=OTHER),
    "a reset": lambda who: services.password_set(participant=who, password=OTHER),
    "an account for a guest": lambda who: services.guest_upgrade(guest=guest(), username="gus", password=OTHER),
}


@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_nobody_holds_a_connection_while_hashing(watched: type[WatchingHasher], deed: str) -> None:
    who = ada()
    watched.held.clear()
    DEEDS[deed](who)
    assert watched.held
    assert not any(watched.held)


def test_no_more_are_hashed_at_once_than_there_are_places(
    watched: type[WatchingHasher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_places", threading.BoundedSemaphore(2))
    ada()
    watched.most = 0
    at_once(*[lambda: sign_in("ada", PASSWORD)] * 12)
    assert 1 <= watched.most <= 2


def test_whoever_waits_too_long_is_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 0.01)
    with hashing.hashing(), pytest.raises(Unavailable):
        sign_in("nobody", "whatever")


def test_a_new_password_moves_the_version_that_is_stored(watched: type[WatchingHasher]) -> None:
    """Whoever holds an old row of the account does not bring an old version back."""
    who = ada()
    stale = type(who).objects.get(pk=who.pk)
    services.password_set(participant=who, password=OTHER)
    services.password_set(participant=stale, password=PASSWORD)
    who.refresh_from_db()
    assert who.token_version == stale.token_version == 3
    assert sign_in("ada", PASSWORD) == who
    with pytest.raises(InvalidInput):
        services.password_change(participant=who, old=OTHER, new=PASSWORD + PASSWORD)
