"""What the pages that run a conversation ask for. Rules that hold on every way in are the services'."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.conf import conf
from conversations.models import DESCRIPTION_LENGTH, TITLE_LENGTH, Conversation
from conversations.policy import Standing

HOUR, DAY = 3600, 86_400
EXPIRIES = [
    (HOUR, _("1 hour")),
    (DAY, _("1 day")),
    (7 * DAY, _("1 week")),
    (30 * DAY, _("30 days")),
    (365 * DAY, _("1 year")),
]
MUTES = [
    (600, _("10 minutes")),
    (HOUR, _("1 hour")),
    (DAY, _("1 day")),
    (7 * DAY, _("1 week")),
    (365 * DAY, _("1 year")),
]
SLOW_MODE_MAXIMUM = 21_600


def role_choices(roles: Iterable[Standing]) -> list[tuple[str, str]]:
    """Roles as choices of a form."""
    return [(str(role), str(role).capitalize()) for role in roles]


class InvitationForm(forms.Form):
    """A new invitation; ``roles`` are those that whoever makes it may give."""

    role = forms.ChoiceField(label=_("Role"))
    expires_in = forms.TypedChoiceField(label=_("Good for"), coerce=int, choices=EXPIRIES, initial=DAY)
    max_uses = forms.IntegerField(label=_("For how many people"), min_value=1, max_value=10_000, initial=10)
    allow_guests = forms.BooleanField(
        label=_("Guests may use it"),
        required=False,
        help_text=_("They choose a name and come in without an account."),
    )

    def __init__(self, *args: Any, roles: list[Standing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = role_choices(roles)
        self.fields["role"].choices = choices  # type: ignore[attr-defined]
        member = str(Standing.MEMBER)
        self.fields["role"].initial = member if (member, member.capitalize()) in choices else None

    def clean_role(self) -> Standing:
        """As the policy knows it."""
        return Standing(self.cleaned_data["role"])


class RoleForm(forms.Form):
    """Another role."""

    role = forms.TypedChoiceField(coerce=Standing, choices=role_choices(Standing))


class MuteForm(forms.Form):
    """For how long somebody only reads."""

    seconds = forms.TypedChoiceField(coerce=int, choices=MUTES)

    @property
    def until(self) -> datetime:
        """When it ends."""
        return timezone.now() + timedelta(seconds=self.cleaned_data["seconds"])


class SettingsForm(forms.Form):
    """What a conversation is called, who finds it, what newcomers read, and how fast people write."""

    title = forms.CharField(label=_("Title"), max_length=TITLE_LENGTH, widget=forms.TextInput({"autocomplete": "off"}))
    description = forms.CharField(
        label=_("Description"),
        max_length=DESCRIPTION_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 3, "autocomplete": "off"}),
    )
    visibility = forms.ChoiceField(
        label=_("Visibility"),
        choices=[
            (Conversation.Visibility.PRIVATE, _("Private: people come in by invitation")),
            (Conversation.Visibility.PUBLIC, _("Public: anyone here can find and join it")),
        ],
        widget=forms.RadioSelect,
    )
    history = forms.ChoiceField(
        label=_("What newcomers can read"),
        choices=[
            (Conversation.History.ALL, _("Everything")),
            (Conversation.History.FROM_JOIN, _("What is said from when they join")),
        ],
        widget=forms.RadioSelect,
    )
    max_participants = forms.IntegerField(label=_("Participants at most"), min_value=1)
    slow_mode_s = forms.IntegerField(
        label=_("Slow mode"),
        min_value=0,
        max_value=SLOW_MODE_MAXIMUM,
        help_text=_("Seconds that each person waits between two messages; 0 is off."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["max_participants"].widget.attrs["max"] = conf.participants_ceiling

    @classmethod
    def of(cls, conversation: Conversation) -> "SettingsForm":
        """Filled with what is in force."""
        return cls(initial={name: getattr(conversation, name) for name in cls.base_fields})


class SwitchForm(forms.Form):
    """Locking and archiving, each on or off."""

    name = forms.ChoiceField(choices=[("locked", "locked"), ("archived", "archived")])
    value = forms.TypedChoiceField(coerce=lambda text: text == "on", choices=[("on", "on"), ("off", "off")])
