"""What the pages of this app ask for. Rules that hold on every way in are the services'."""

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from participants.errors import ChatError
from participants.models import DISPLAY_NAME_LENGTH, Participant


def show_refusal(form: forms.Form, error: ChatError) -> None:
    """Show a service's refusal where it belongs: beside the fields it names, else above the form."""
    for row in error.errors or [{"field": "", "code": error.code, "detail": error.detail}]:
        field = row["field"] if row["field"] in form.fields else None
        form.add_error(field, forms.ValidationError(row["detail"], code=row["code"]))


class SignUpForm(forms.Form):
    """A new account."""

    username = forms.CharField(
        label=_("Username"),
        max_length=Participant._meta.get_field("username").max_length,
        help_text=_("Letters, digits, dots, hyphens and underscores."),
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    display_name = forms.CharField(
        label=_("Name shown to others"),
        required=False,
        help_text=format_lazy(
            _("Up to {length} characters. Left empty, it is your username."), length=DISPLAY_NAME_LENGTH
        ),
        widget=forms.TextInput({"autocomplete": "name"}),
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
        help_text=_("At least 12 characters. Several words make a good one."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
