"""What the pages of this app ask for. Rules that hold on every way in are the services'."""

import uuid

from django import forms

from conversations.models import DESCRIPTION_LENGTH, TITLE_LENGTH, Conversation


class ConversationForm(forms.Form):
    """A new conversation."""

    title = forms.CharField(max_length=TITLE_LENGTH, widget=forms.TextInput({"autocomplete": "off", "autofocus": True}))
    description = forms.CharField(
        max_length=DESCRIPTION_LENGTH, required=False, widget=forms.Textarea({"rows": 2, "autocomplete": "off"})
    )
    visibility = forms.ChoiceField(
        choices=[
            (Conversation.Visibility.PRIVATE, "Private: people come in by invitation"),
            (Conversation.Visibility.PUBLIC, "Public: anyone here can find and join it"),
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


class ReadForm(forms.Form):
    """Up to where one has read."""

    sequence = forms.IntegerField(min_value=0, max_value=2**53)


class PositionForm(forms.Form):
    """Which page of the history."""

    before = forms.IntegerField(min_value=1, max_value=2**53, required=False)


def new_message_id() -> str:
    """A key for one message of one page."""
    return str(uuid.uuid4())
