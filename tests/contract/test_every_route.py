"""What holds for every route of the API: credentials, tokens in URLs, slashes, ids, methods, bodies."""

import re

import pytest

from tests.contract.routes import CLOSED, EVERY_METHOD, METHODS, ROUTES, Route, name_of
from tests.contract.shapes import assert_refused
from tests.personas import client_of, nobody, person

pytestmark = pytest.mark.django_db

WRITING = [
    (method, route)
    for method, route in EVERY_METHOD
    if method in {"POST", "PUT", "PATCH"} and not route.template.endswith(("/attachments", "/import"))  # not JSON
]
WITH_ID = [route for route in CLOSED if "{" in route.template]
IDS = ["x", "0", "-1", "null", "%00", "..", "%F0%9F%8D%B5", "0123456789abcdef0123456789abcdef", "{id}", "1;drop", "a b"]
# Each of them must be on the table, or the tests below have walked past it.
PROMISED = [
    "/api/v1/auth/sessions/{sign_in_id}", "/api/v1/me", "/api/v1/participants/{participant_id}",
    "/api/v1/conversations", "/api/v1/conversations/{pk}", "/api/v1/conversations/{pk}/join",
    "/api/v1/conversations/{pk}/leave", "/api/v1/conversations/{pk}/messages", "/api/v1/messages/{message_id}",
    "/api/v1/conversations/{pk}/events", "/api/v1/conversations/{pk}/read",
    "/api/v1/conversations/{pk}/participants", "/api/v1/conversations/{pk}/participants/{participant_id}",
    "/chat/create", "/chat/my-conversations", "/chat/conversations/{pk}", "/chat/{pk}/join", "/chat/{pk}/leave",
]  # fmt: skip


def test_the_routes_of_the_contract_are_there():
    assert set(PROMISED) <= {route.template for route in CLOSED}


@pytest.mark.parametrize("route", CLOSED, ids=name_of)
def test_a_closed_route_answers_401_to_nobody_whatever_the_method(route: Route):
    for method in METHODS:
        assert_refused(nobody().send(method, route.path), 401, "not_authenticated")
        assert_refused(nobody().send_raw(method, route.path, b"{", "text/x"), 401, "not_authenticated")


@pytest.mark.parametrize("name", ["token", "access"])
@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_token_in_a_url_is_refused_with_and_without_credentials(route: Route, name: str):
    signed_in = client_of(person())
    for method in METHODS:
        for api in (nobody(), signed_in):
            assert_refused(api.send(method, f"{route.path}?a=1&{name}=x"), 400, "token_in_url")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/chat", "/metrics", "/api/v1/nothing"])
def test_a_token_in_the_url_of_anything_else_is_refused_too(path):
    assert_refused(nobody().get(f"{path}?token="), 400, "token_in_url")


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_slash_at_the_end_makes_no_difference(route: Route):
    def answer(method: str, slashes: str) -> tuple[int, str]:
        response = client_of(person()).send(method, route.path + slashes)
        return response.status_code, response.json()["code"] if response.status_code >= 400 else ""

    for method in METHODS:
        assert answer(method, "/") == answer(method, "//") == answer(method, "")


@pytest.mark.parametrize("route", WITH_ID, ids=name_of)
def test_a_malformed_id_is_not_found(route: Route):
    api = client_of(person())
    for name in IDS:
        path = re.sub(r"\{\w+\}", name, route.template)
        for method in route.methods:
            assert_refused(api.send(method, path), 404, "not_found")


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_method_that_is_not_there_is_named_as_such(route: Route):
    api = client_of(person())
    for method in set(METHODS) - set(route.methods):
        answer = api.send(method, route.path)
        assert_refused(answer, 405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) >= set(route.methods)
        assert method not in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize(("method", "route"), WRITING, ids=name_of)
def test_a_body_that_is_not_json_is_of_an_unsupported_type_or_not_read_at_all(method: str, route: Route):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "x"):
        answer = client_of(person()).send_raw(method, route.path, b"--x\r\na=1\r\n--x--", kind)
        if not route.template.endswith("/ticket"):
            assert_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "route"), WRITING, ids=name_of)
def test_a_body_that_is_broken_is_refused_before_anything_happens(method: str, route: Route):
    for raw in (b"{", b'{"a": NaN}', b"\xff", b'{"a": "\\u0000"}', b"[" * 100_000):
        answer = client_of(person()).send_raw(method, route.path, raw)
        if not route.template.endswith("/ticket"):
            assert_refused(answer, 400, "invalid_json")


@pytest.mark.parametrize(("method", "route"), WRITING, ids=name_of)
def test_json_that_is_no_object_of_ours_is_never_an_error_of_the_server(method: str, route: Route):
    api = client_of(person())
    bodies: tuple[object, ...] = ([], "text", 5, True, None, [[]], {}, {"": 1}, {"__proto__": {"x": 1}})
    for body in bodies:
        answer = api.send(method, route.path, body)
        assert answer.status_code < 500
        assert answer.status_code < 300 or answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "route"), EVERY_METHOD, ids=name_of)
def test_answers_are_not_to_be_stored_and_carry_their_request_id(method: str, route: Route):
    answer = client_of(person()).send(method, route.path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-ID"])
