"""What the pages of this app ask for. Rules that hold on every way in are the services'."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.models import DESCRIPTION_LENGTH, TITLE_LENGTH, Conversation

AROUND = 25  # entries behind a place that is asked for


class ConversationForm(forms.Form):
    """A new conversation."""

    title = forms.CharField(
        label=_("Title"), max_length=TITLE_LENGTH, widget=forms.TextInput({"autocomplete": "off", "autofocus": True})
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=DESCRIPTION_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 2, "autocomplete": "off"}),
    )
    visibility = forms.ChoiceField(
        label=_("Visibility"),
        choices=[
            (Conversation.Visibility.PRIVATE, _("Private: people come in by invitation")),
            (Conversation.Visibility.PUBLIC, _("Public: anyone here can find and join it")),
        ],
        initial=Conversation.Visibility.PRIVATE,
        widget=forms.RadioSelect,
    )


class MessageForm(forms.Form):
    """A message. The page brings its ``message_id`` along, so a form that is sent twice is stored once."""

    content = forms.CharField(strip=False, required=False)
    message_id = forms.CharField(required=False, empty_value=None, widget=forms.HiddenInput({"autocomplete": "off"}))

    def clean_content(self) -> str:
        """With plain line breaks: forms send each as CR LF."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")


class EditForm(forms.Form):
    """Another text for a message."""

    content = forms.CharField(strip=False, required=False)

    def clean_content(self) -> str:
        """With plain line breaks: forms send each as CR LF."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")


class ReactForm(forms.Form):
    """An emoji."""

    emoji = forms.CharField(max_length=64)


class FileForm(forms.Form):
    """A file, with or without words."""

    file = forms.FileField(label=_("File"))
    content = forms.CharField(
        label=_("Message"), strip=False, required=False, widget=forms.Textarea({"rows": 2, "autocomplete": "off"})
    )


class SearchForm(forms.Form):
    """What to look for, and where."""

    q = forms.CharField(max_length=1000)
    conversation = forms.UUIDField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100)


class SidebarForm(forms.Form):
    """Which page of one's conversations, and of those called how."""

    page = forms.IntegerField(min_value=1, max_value=1000, required=False)
    named = forms.CharField(max_length=100, required=False)

    @property
    def asked(self) -> dict[str, Any]:
        """What can be used of it."""
        self.is_valid()
        return {"page": self.cleaned_data.get("page") or 1, "named": self.cleaned_data.get("named") or ""}


class ReadForm(forms.Form):
    """Up to where one has read."""

    sequence = forms.IntegerField(min_value=0, max_value=2**53)


class PositionForm(forms.Form):
    """Which page of the history."""

    before = forms.IntegerField(min_value=1, max_value=2**53, required=False)
    at = forms.IntegerField(min_value=1, max_value=2**53, required=False)
    after = forms.IntegerField(min_value=0, max_value=2**53, required=False)
    date = forms.DateTimeField(required=False)

    @property
    def behind(self) -> int | None:
        """The number behind which the page begins; None where that was not asked."""
        return self.cleaned_data["after"] if self.is_valid() else None

    @property
    def moment(self) -> datetime | None:
        """The moment from which on it shows what was said."""
        return self.cleaned_data["date"] if self.is_valid() else None

    @property
    def end(self) -> int | None:
        """The number before which the page ends; None for the newest. A place that is asked for is in its middle."""
        if not self.is_valid():
            return None
        before, at = self.cleaned_data["before"], self.cleaned_data["at"]
        return before if at is None else at + AROUND


def new_message_id() -> str:
    """A key for one message of one page."""
    return str(uuid.uuid4())
