"""Routes of the pages of this app: ours, and allauth's under addresses of our own.

allauth looks its pages up by its own names, so some addresses have two.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from django.conf import settings
from django.urls import URLPattern, URLResolver, path, re_path

from participants import account_views, views

sign_in, sign_up, sign_out = views.SignInView.as_view(), views.SignUpView.as_view(), views.SignOutView.as_view()


def without_slashes(patterns: list[Any], prefix: str) -> Iterator[URLPattern]:
    """The routes of a provider without the slash at their end, as all addresses here are."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from without_slashes(pattern.url_patterns, route)
        else:
            yield re_path(f"^{route.rstrip('$').rstrip('/')}$", pattern.callback, pattern.default_args, pattern.name)


OWN_ROUTES = {"allauth.socialaccount.providers.openid_connect": "participants.openid"}
providers = [
    route
    for app in settings.SIGN_IN_PROVIDERS.apps
    for route in without_slashes(import_module(OWN_ROUTES.get(app, f"{app}.urls")).urlpatterns, "account/with/")
]

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("sign-in", sign_in, name="sign-in"),
    path("sign-in", sign_in, name="account_login"),
    path("sign-in/code", mfa.authenticate, name="mfa_authenticate"),
    path("sign-up", sign_up, name="sign-up"),
    path("sign-up", sign_up, name="account_signup"),
    path("sign-out", sign_out, name="sign-out"),
    path("sign-out", sign_out, name="account_logout"),
    # one's own account
    path("account", account_views.AccountView.as_view(), name="account"),
    path("account/upgrade", account_views.UpgradeView.as_view(), name="account-upgrade"),
    path("account/sign-ins/end-others", account_views.SignInEndOthersView.as_view(), name="sign-in-end-others"),
    path("account/sign-ins/<uuid:sign_in_id>/end", account_views.SignInEndView.as_view(), name="sign-in-end"),
    path("account/inactive", account.account_inactive, name="account_inactive"),
    path("account/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/password/set", account.password_set, name="account_set_password"),
    path("account/email", account.email, name="account_email"),
    path("account/email/sent", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^account/email/confirm/(?P<key>[-:\w]+)$", account.confirm_email, name="account_confirm_email"),
    # a forgotten password
    path("reset", account.password_reset, name="account_reset_password"),
    path("reset/sent", account.password_reset_done, name="account_reset_password_done"),
    path("reset/done", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    # a second factor
    path("account/codes", mfa.index, name="mfa_index"),
    path("account/codes/app", totp.activate_totp, name="mfa_activate_totp"),
    path("account/codes/app/off", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/codes/recovery", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/recovery/new", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/codes/recovery/file", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    # accounts elsewhere
    path("account/connections", social.connections, name="socialaccount_connections"),
    path("account/with/sign-up", social.signup, name="socialaccount_signup"),
    path("account/with/cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("account/with/failed", social.login_error, name="socialaccount_login_error"),
    *providers,
]
