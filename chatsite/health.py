"""Health and metrics: one word for anybody, details for staff, a metrics token or this machine."""

import os
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from redis import Redis, RedisError

from agents import selectors
from chatsite import figures
from participants.encoding import encode
from participants.errors import NotAuthenticated
from participants.problems import problem_response
from realtime.hub import hub

STUCK_SECONDS = 30.0  # so long a run only waits where nobody executes any
LOOPBACK = {"127.0.0.1", "::1"}
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


def _json(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(encode(body), status=status, content_type="application/json")


def may_see_details(request: HttpRequest) -> bool:
    """Staff, the metrics token, or a request from this machine that no proxy passed on."""
    if getattr(request.user, "is_staff", False):
        return True
    token = os.environ.get("METRICS_TOKEN", "")
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and kind == "Bearer" and constant_time_compare(given, token):
        return True
    forwarded = any(header in request.META for header in FORWARDED)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not forwarded


def _timed(check: Callable[[], None], failures: tuple[type[Exception], ...]) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        check()
    except failures:
        return {"status": "unhealthy", "latency_ms": None}
    return {"status": "healthy", "latency_ms": round((time.perf_counter() - start) * 1000, 2)}


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _ask_redis() -> None:
    for url in settings.REDIS_URLS:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()


def checks() -> dict[str, dict[str, Any]]:
    """Each part with its status and latency or counts."""
    return {
        "database": _timed(_ask_database, (DatabaseError,)),
        "channel_layer": _timed(_ask_redis, (RedisError, OSError)),
        "realtime": {"status": "healthy", "sockets": figures.connections(), "conversations": figures.followed()},
        "agents": _agents(),
    }


def _agents() -> dict[str, Any]:
    """How many runs wait and run, and how long the oldest that waits has: without anybody to execute them, longer."""
    if settings.AGENTS == "off":
        return {"status": "healthy", "mode": settings.AGENTS}
    try:
        queued, running, oldest = selectors.runs_open()
    except DatabaseError:
        return {"status": "unhealthy", "mode": settings.AGENTS}
    is_stuck = oldest is not None and oldest > STUCK_SECONDS and not running
    counts = {"mode": settings.AGENTS, "queued": queued, "running": running, "oldest_queued_s": oldest}
    return {"status": "degraded" if is_stuck else "healthy"} | counts


def overall(parts: dict[str, dict[str, Any]]) -> str:
    """Without the database nothing works; without the channel layer everything does, later."""
    if parts["database"]["status"] != "healthy":
        return "unhealthy"
    return "healthy" if all(part["status"] == "healthy" for part in parts.values()) else "degraded"


def live(request: HttpRequest) -> HttpResponse:
    """Whether the process runs."""
    return _json({"status": "healthy"})


def ready(request: HttpRequest) -> HttpResponse:
    """Whether it should be given requests: 503 while it should not, as when it is about to end."""
    status = overall(checks()) if hub.is_ready else "unhealthy"
    return _json({"status": status}, status=503 if status == "unhealthy" else 200)


def chat(request: HttpRequest) -> HttpResponse:
    """Every part, for those who may see it."""
    parts = checks()
    status = overall(parts)
    body: dict[str, Any] = {"status": status}
    if may_see_details(request):
        body |= {
            "checks": parts,
            "active_connections": parts["realtime"]["sockets"],
            "active_conversations": parts["realtime"]["conversations"],
            "timestamp": timezone.now(),
        }
    return _json(body, status=503 if status == "unhealthy" else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, of all processes of this server."""
    if not may_see_details(request):
        return problem_response(NotAuthenticated("Metrics are for staff, a metrics token or this machine."))
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
