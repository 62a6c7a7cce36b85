"""How the pages look to one browser: light or dark, and how wide the sidebar is. In cookies, so no page flashes."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views import View

THEMES = ("light", "dark")
WIDTHS = ("16", "18", "22", "24", "26", "28")  # in rem, as in css/base.css; 20 without a choice
THEME_COOKIE, WIDTH_COOKIE = "theme", "sidebar"  # scripts write the latter: js/shell.js
YEAR_SECONDS = 365 * 86_400


def look(request: HttpRequest) -> dict[str, Any]:
    """For templates: ``look``, what this browser chose; "" where it follows the system."""
    theme, width = request.COOKIES.get(THEME_COOKIE, ""), request.COOKIES.get(WIDTH_COOKIE, "")
    return {"look": {"theme": theme if theme in THEMES else "", "sidebar": width if width in WIDTHS else ""}}


class LookView(View):
    """Choose light, dark, or what the system says."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Looking at the address changes nothing."""
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice; anything else than the two follows the system."""
        response = redirect("account")
        theme = request.POST.get("theme", "")
        if theme in THEMES:
            response.set_cookie(THEME_COOKIE, theme, max_age=YEAR_SECONDS, secure=settings.SECURE, samesite="Lax")
        else:
            response.delete_cookie(THEME_COOKIE, samesite="Lax")
        return response
