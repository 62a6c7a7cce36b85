"""The route table."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from chatsite import api_pages, errors, health, look
from conversations import urls as conversations

urlpatterns = [
    # REST
    path("api/v1/", include("conversations.urls")),
    path("api/v1/", include("participants.urls")),
    path("api/v1/", include("realtime.urls")),
    path("api/v1/", include("agents.urls")),
    path("chat/", include((conversations.short_urlpatterns, "short"))),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", api_pages.swagger, name="docs"),
    path("api/redoc", api_pages.redoc, name="redoc"),
    path("api/redoc.js", api_pages.redoc_script, name="redoc-script"),
    # pages
    path("", include("participants.pages")),
    path("", include("conversations.pages")),
    path("account/look", look.LookView.as_view(), name="look"),
    # operation
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/chat", health.chat),
    path("metrics", health.metrics),
    path(settings.ADMIN_PATH.rstrip("/"), RedirectView.as_view(url=f"/{settings.ADMIN_PATH}")),
    path(settings.ADMIN_PATH, admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
