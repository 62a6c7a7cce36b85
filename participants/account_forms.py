"""What the pages about one's own account ask for, and allauth's forms where they meet our services."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from django import forms
from django.utils.translation import gettext_lazy as _

from participants import second_factor, services
from participants.errors import ChatError, NotAuthenticated
from participants.models import DISPLAY_NAME_LENGTH, Participant


class SignInForm(forms.Form):
    """Username (or e-mail address) and password. A limit or a lock is raised as it is: the page shows it."""

    username = forms.CharField(
        label=_("Username or e-mail"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        self._address = address
        self.participant: Participant | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Check them together; says the same of a wrong password and of an unknown name."""
        data = super().clean() or {}
        if {"username", "password"} <= data.keys():
            try:
                self.participant = services.password_check(
                    username=data["username"], password=data["password"], address=self._address
                )
            except NotAuthenticated as error:
                raise forms.ValidationError(error.detail) from error
        return data


class NewAccountForm(forms.Form):
    """Username and password of an account."""

    username = forms.CharField(
        label=_("Username"),
        max_length=Participant._meta.get_field("username").max_length,
        help_text=_("Letters, digits, dots, hyphens and underscores."),
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("For a forgotten password. Nobody else sees it."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1024,
        help_text=_("At least 12 characters. Several words make a good one."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class ProfileForm(forms.Form):
    """The name that others see."""

    display_name = forms.CharField(
        label=_("Name shown to others"),
        max_length=DISPLAY_NAME_LENGTH,
        widget=forms.TextInput({"autocomplete": "name"}),
    )


class ChangePasswordForm(account.ChangePasswordForm):
    """Another password; the one there is counts as a sign-in."""

    def clean_oldpassword(self) -> str:
        """Check it under the limits that passwords have."""
        password = str(self.cleaned_data["oldpassword"])
        try:
            services.own_password_check(participant=self.user, password=password)
        except ChatError as error:
            raise forms.ValidationError(error.detail) from error
        return password


class _CodeForm(mfa.BaseAuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autofocus": True, "autocapitalize": "none", "placeholder": ""}

    def clean_code(self) -> str:
        """Check it under the limits that passwords have."""
        code = str(self.cleaned_data["code"])
        try:
            self.authenticator = second_factor.code_check(participant=self.user, code=code)
        except ChatError as error:
            raise forms.ValidationError(error.detail) from error
        return code


class AuthenticateForm(_CodeForm, mfa.AuthenticateForm):
    """The code that a sign-in ends with."""


class ReauthenticateForm(_CodeForm, mfa.ReauthenticateForm):
    """The code that confirms who is there."""
