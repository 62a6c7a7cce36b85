"""What the scripts of an open conversation ask for, beside REST: rows of its timeline, and how a text would look."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from conversations import markdown, selectors
from conversations.conf import conf
from conversations.forms import EditForm, PositionForm
from conversations.policy import Action
from conversations.timeline import number_at, timeline
from participants.errors import TooLarge
from participants.problems import problem_response
from participants.views import SignedInPage


class TimelineView(SignedInPage):
    """The rows of a page of history, as the templates show them."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Those before, behind or around a number, or from a moment on; the newest by default."""
        membership = selectors.get_membership_for(self.participant, conversation_id)
        position = PositionForm(request.GET)
        before, after, moment = position.end, position.behind, position.moment
        if moment is not None:
            found = number_at(membership, moment)
            before, after = None, None if found is None else found - 1
        shown = timeline(membership, before, after)
        return JsonResponse(
            {
                "rows": shown.rows,
                "cursor": shown.cursor,
                "older": shown.older,
                "newer": shown.newer,
                "first_sequence_id": membership.first_visible(membership.conversation),
            }
        )


class PreviewView(SignedInPage):
    """A text as the message that it would be."""

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Its sanitised HTML; nothing is stored."""
        selectors.get_membership_for(self.participant, conversation_id, Action.SEND)
        form = EditForm(request.POST)
        content = form.cleaned_data["content"] if form.is_valid() else ""
        if len(content) > conf.message_characters:
            return problem_response(TooLarge(actual=len(content), max=conf.message_characters))
        return JsonResponse({"html": markdown.render(content)})
