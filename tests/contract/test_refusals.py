"""Refusals that no view of ours makes: unknown addresses, crashes, hosts; their shape is everybody's."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.views import APIView

from chatsite import errors
from tests.contract.shapes import assert_refused
from tests.personas import client_of, nobody, person

SECRET = "the-password-is-tulip"


def crash(request: HttpRequest) -> HttpResponse:
    raise {"denied": PermissionDenied, "gone": Http404, "odd": SuspiciousOperation}.get(
        request.GET.get("by", ""), RuntimeError
    )(SECRET)


class CrashView(APIView):
    authentication_classes: list[type] = []
    permission_classes: list[type] = []

    def get(self, request: Request) -> HttpResponse:
        raise {"database": OperationalError}.get(request.GET.get("by", ""), RuntimeError)(SECRET)


urlpatterns = [
    path("", include("chatsite.urls")),
    path("api/crash", crash),
    path("api/v1/crash", CrashView.as_view()),
    path("crash", crash),
]
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["/api/crash", "/api/v1/crash", "/crash"])
def test_a_crash_is_told_without_its_text_and_logged_with_it(address, caplog):
    with caplog.at_level(logging.ERROR):
        answer = nobody().get(address)
    problem = assert_refused(answer, 500, "internal_error")
    assert SECRET.encode() not in answer.content + repr(answer.headers).encode()
    assert SECRET in caplog.text
    assert problem["request_id"] in caplog.text


@pytest.mark.urls(__name__)
def test_a_crash_is_not_shown_to_a_browser_that_asks_the_api_for_html_either():
    answer = nobody().get("/api/crash", Accept="text/html")
    assert_refused(answer, 500, "internal_error")
    assert SECRET.encode() not in answer.content


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("by", "status", "code"),
    [("denied", 403, "permission_denied"), ("gone", 404, "not_found"), ("odd", 400, "validation_error")],
)
def test_what_django_refuses_has_the_same_shape(by, status, code):
    answer = nobody().get(f"/api/crash?by={by}")
    assert_refused(answer, status, code)
    assert SECRET.encode() not in answer.content


@pytest.mark.urls(__name__)
def test_a_database_that_does_not_answer_is_said_to_be_temporary():
    answer = nobody().get("/api/v1/crash?by=database")
    assert_refused(answer, 503, "unavailable")
    assert SECRET.encode() not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/api", "/api/v1", "/api/v2/me", "/api/v1/nothing", "/chat", "/chat/nothing", "/nothing", "/api/v1/%ff", "/%00",
     "/api/v1/me/x", "/api//v1/me", "/api/v1/me;x", "/health/none", "/" + "x" * 3000],
)  # fmt: skip
def test_an_address_that_is_not_there_is_not_found(address):
    for api in (nobody(), client_of(person())):
        assert_refused(api.get(address), 404, "not_found")


def test_a_foreign_host_is_refused():
    assert_refused(nobody().get("/api/v1/me", Host="evil.example"), 400, "validation_error")


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "x", "", "application/json;q=0"])
def test_the_answer_is_json_whatever_is_asked_for(accept):
    assert_refused(nobody().get("me", Accept=accept), 401, "not_authenticated")
    assert client_of(person()).get("me", Accept=accept).headers["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_too_many_query_parameters_are_refused():
    assert_refused(client_of(person()).get("me?" + "&".join(f"a{n}=1" for n in range(1100))), 400, "validation_error")


@pytest.mark.django_db
def test_a_request_id_of_the_client_cannot_break_the_answer():
    answer = nobody().get("me", X_Request_ID='"}\t<script>')
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
