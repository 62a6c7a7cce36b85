"""The browser's session is good as long as its sign-in is."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from participants import services


class SignInMiddleware:
    """Signs a browser out whose sign-in was ended elsewhere (one query a request of a signed-in browser)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check before the view runs."""
        if services.SIGN_IN_SESSION_KEY in request.session and request.user.is_authenticated:
            key = request.session[services.SIGN_IN_SESSION_KEY]
            if services.find_live_sign_in(key) is None:
                logout(request)
        return self.get_response(request)
