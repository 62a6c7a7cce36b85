"""Limits over time: exact, the same over every transport, with guidance instead of silence."""

import threading
from itertools import pairwise

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from participants import limits, redis_client
from participants.addresses import client_address
from participants.errors import LimitExceeded
from participants.limits import Allowance, MemoryStore, Rate, RedisStore, decide
from tests.conftest import StartServer
from tests.realtime.conftest import Talk, make_talk, provision_people

RATE = Rate.parse("messages", "10/36000")  # nothing comes back while a test runs, however busy the machine is


def stores() -> list[limits.Store]:
    """The engines of this run."""
    found: list[limits.Store] = [MemoryStore(), limits.DatabaseStore()]
    if settings.REDIS_URLS:
        found.append(RedisStore(redis_client.connect(), settings.REDIS_PREFIX))
    return found


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 20), st.integers(1, 120))
def test_no_window_lets_more_through_than_burst_and_rate(steps: list[float], burst: int, count: int) -> None:
    rate = Rate(count, 60, burst)
    now, full_at = 1000.0, 0.0
    allowed: list[float] = []
    for step in steps:
        now += step
        full_at, allowance = decide(rate, full_at, now)
        if allowance.retry_after == 0:
            allowed.append(now)
    for start, first in enumerate(allowed):
        for number, last in enumerate(allowed[start:], start=1):
            assert number <= burst + (last - first) / rate.interval + 1e-6


@given(st.floats(0, 100), st.integers(1, 20))
def test_who_waits_as_told_is_let_through(pause: float, burst: int) -> None:
    rate = Rate(60, 60, burst)
    full_at, now = 0.0, 1000.0
    allowance = Allowance(0, 0, 0)
    while allowance.retry_after == 0:
        full_at, allowance = decide(rate, full_at, now)
    _, early = decide(rate, full_at, now + allowance.retry_after * 0.9)
    _, later = decide(rate, full_at, now + allowance.retry_after + pause + 1e-6)
    assert early.retry_after > 0
    assert later.retry_after == 0


@pytest.mark.django_db(transaction=True)
def test_every_store_allows_the_burst_then_says_how_long_to_wait() -> None:
    for place, store in enumerate(stores()):
        given_out = [store.take([f"burst-{place}"], RATE)[0] for _ in range(11)]
        assert [allowance.remaining for allowance in given_out[:10]] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        assert all(before.reset < after.reset for before, after in pairwise(given_out[:10]))
        assert 0 < given_out[10].retry_after <= RATE.interval
        store.give_back(f"burst-{place}", RATE)
        assert store.take([f"burst-{place}"], RATE)[0].retry_after == 0


@pytest.mark.django_db(transaction=True)
def test_parallel_takers_share_one_bucket_exactly() -> None:
    rate = Rate(50, 36_000, 50)
    for place, store in enumerate([MemoryStore(), *stores()[2:]]):
        answers: list[bool] = []

        def take(store: limits.Store = store, key: str = f"shared-{place}", answers: list[bool] = answers) -> None:
            answers.extend(store.take([key], rate)[0].retry_after == 0 for _ in range(25))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(answers) == 50


def test_a_rate_that_cannot_be_read_is_refused_by_name() -> None:
    for text in ("", "60", "0/60", "a/b", "60/60 x", "60/-1"):
        with pytest.raises(ImproperlyConfigured, match="messages"):
            Rate.parse("messages", text)


def test_only_configured_proxies_are_believed(settings) -> None:
    forged = ["6.6.6.6", "1.2.3.4"]
    assert client_address("10.0.0.1", forged) == "10.0.0.1"
    settings.CHAT_PROXIES = 1
    assert client_address("10.0.0.1", forged) == "1.2.3.4"
    settings.CHAT_PROXIES = 3
    assert client_address("10.0.0.1", forged) == "10.0.0.1"


def test_limits_can_be_switched_off_for_measurements(settings) -> None:
    settings.CHAT_RATE_LIMITS, settings.CHAT_LIMIT_MESSAGES = "off", "10/36000"
    for _ in range(100):
        limits.MESSAGES.consume("off")
    settings.CHAT_RATE_LIMITS = "on"
    for _ in range(10):
        limits.MESSAGES.consume("on")
    with pytest.raises(LimitExceeded) as refused:
        limits.MESSAGES.consume("on")
    assert refused.value.data["scope"] == "messages"


async def test_messages_share_one_limit_over_rest_and_sockets(start_server: StartServer) -> None:
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_LIMIT_MESSAGES="10/600")
    talk = await make_talk(server, provision_people(server), "ann", "ben")
    async with talk.socket("ann") as ann, talk.rest("ann") as rest:
        for number in range(5):
            await ann.say(f"socket {number}")
            answer = await rest.say(talk.id, f"rest {number}")
            assert answer.status_code == 201
            assert answer.headers["X-RateLimit-Limit"] == "10"
            assert answer.headers["X-RateLimit-Remaining"] == str(8 - 2 * number)
        refused = await rest.say(talk.id, "one too many")
        assert refused.status_code == 429
        problem = refused.json()
        assert problem["code"] == "rate_limited"
        assert 0 < problem["retry_after"] <= 60
        assert refused.headers["Retry-After"] == str(problem["retry_after"])
        await ann.send("message", content="over the socket too", message_id="late")
        error = await ann.until_type("error")
        assert (error["code"], error["message_id"]) == ("rate_limited", "late")
        assert 0 < error["retry_after"] <= 60
        async with talk.rest("ben") as other:  # a limit a participant
            assert (await other.say(talk.id, "I may")).status_code == 201


async def test_a_flooder_is_warned_then_let_go_with_4429(start_server: StartServer) -> None:
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_FLOOD_WARNINGS="5", CHAT_LIMIT_MESSAGES="1/600")
    talk = await make_talk(server, provision_people(server), "ann", "ben")
    async with talk.socket("ann") as ann:
        for number in range(6):
            await ann.send("message", content="flood", message_id=f"k{number}")
        assert await ann.until_closed() == 4429
        assert [frame["code"] for frame in ann.of_type("error")] == ["rate_limited"] * 5
        assert ann.frames[-1]["reason"] == "flooding"
        assert ann.frames[-1]["reconnect_in"] > 0


@pytest.mark.parametrize("setting", ["CHAT_LIMIT_CONNECTS", "CHAT_LIMIT_ADDRESSES"])
async def test_sockets_and_streams_are_opened_at_a_rate(start_server: StartServer, setting: str) -> None:
    server = start_server(**{"CHAT_RATE_LIMITS": "on", setting: "3/600"})
    talk = await make_talk(server, provision_people(server), "ann", "ben")
    async with talk.rest("ann") as rest:
        stream = f"/api/v1/conversations/{talk.id}/stream"
        async with rest.stream("GET", stream) as opened:
            assert opened.status_code == 200
        for _ in range(2):
            async with talk.socket("ann") as ann:
                await ann.until_type("connected")
        with pytest.raises(InvalidStatus) as refused:
            async with talk.socket("ann"):
                pass
        assert refused.value.response.status_code == 429
        assert 0 < int(refused.value.response.headers["Retry-After"]) <= 200
        problem = (await rest.get(stream)).json()
        assert (problem["code"], problem["scope"]) == ("rate_limited", setting.removeprefix("CHAT_LIMIT_").lower())
    await ben_may_come(talk, is_refused=setting == "CHAT_LIMIT_ADDRESSES")


async def ben_may_come(talk: Talk, *, is_refused: bool) -> None:
    """A limit of a participant is no limit of others; one of an address is."""
    if is_refused:
        with pytest.raises(InvalidStatus):
            async with talk.socket("ben"):
                pass
        return
    async with talk.socket("ben") as ben:
        assert await ben.until_type("connected")


async def test_failed_sign_ins_lock_an_account_even_for_the_right_password(start_server: StartServer) -> None:
    from tests.clients import RestClient

    server = start_server(CHAT_RATE_LIMITS="on", CHAT_LIMIT_SIGN_INS="100/60")
    async with RestClient(server.url) as rest:
        body = {"username": "zoe", "password": "a long enough secret"}
        assert (await rest.post("/api/v1/auth/register", json=body)).status_code == 201
        for _ in range(7):  # those that succeed do not count
            assert (await rest.post("/api/v1/auth/token", json=body)).status_code == 200
        for name in ("zoe", "nobody"):
            wrong = {"username": name, "password": "not the secret at all"}
            answers = [await rest.post("/api/v1/auth/token", json=wrong) for _ in range(6)]
            assert [answer.status_code for answer in answers] == [401] * 5 + [429]
            assert {answer.json()["code"] for answer in answers[:5]} == {"bad_credentials"}
        locked = await rest.post("/api/v1/auth/token", json=body)
        assert (locked.status_code, locked.json()["code"]) == (429, "rate_limited")
        assert int(locked.headers["Retry-After"]) <= 1800
