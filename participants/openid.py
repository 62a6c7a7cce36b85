"""OpenID Connect where we are stricter than allauth: signatures are always checked, and links lead to our address."""

from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import re_path, reverse


class OpenIDAdapter(OpenIDConnectOAuth2Adapter):
    """Authorization code with PKCE; what the provider says of somebody is believed for its signature alone."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        # allauth skips the signature of what came over TLS from the provider; a private provider may have none.
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """At the public address, whatever host the request named."""
        return settings.PUBLIC_URL + reverse("openid_connect_callback", kwargs={"provider_id": self.provider_id})


def _view(kind: Any) -> Any:
    @login_not_required
    def view(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            response: HttpResponse = kind.adapter_view(OpenIDAdapter(request, provider_id))(request)
        except SocialApp.DoesNotExist as error:
            raise Http404 from error
        return response

    return view


class OpenIDProvider(OpenIDConnectProvider):
    """The provider with that adapter; a code is of no use to whoever did not begin (RFC 7636)."""

    oauth2_adapter_class = OpenIDAdapter
    pkce_enabled_default = True


urlpatterns = [
    re_path(r"^oidc/(?P<provider_id>[^/]+)/login$", _view(OAuth2LoginView), name="openid_connect_login"),
    re_path(r"^oidc/(?P<provider_id>[^/]+)/login/callback$", _view(OAuth2CallbackView), name="openid_connect_callback"),
]
