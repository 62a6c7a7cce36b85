"""The admin's own pages: who comes in, and what goes on right now."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from chatsite import figures


class ChatAdminSite(AdminSite):
    """The admin, behind the same sign-in as every other page."""

    site_header = _("Chat administration")
    site_title = _("Chat administration")
    index_template = "admin/figures.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """On to the pages' sign-in, which has the limits, the lock and the second factor."""
        target = request.GET.get("next", "")
        if self.has_permission(request):
            return redirect(f"{self.name}:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(target or request.path.removesuffix("login/"), "sign-in")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The list of pages, below what goes on."""
        return super().index(request, {"figures": figures.current()} | (extra_context or {}))
