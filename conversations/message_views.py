"""Pages of single messages and of search: everything that can be done to a message, without scripts."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conversations import policy, search, selectors
from conversations.forms import EditForm, FileForm, ReactForm, SearchForm
from conversations.models import Event, Membership, Revision
from conversations.policy import Action
from conversations.services import attachments, edits, messages, pins, reactions, sends
from participants.errors import ChatError, NotFound
from participants.views import SignedInPage, refused

ROWS = 30


class MessagePage(SignedInPage):
    """One message with its thread: the address that a link to it has."""

    def get(self, request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
        """The page."""
        return self.show(conversation_id, message_id)

    def post(self, request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
        """Do what the button says, and show what came of it."""
        try:
            self.act(request, message_id)
        except ChatError as error:
            return refused(self.show(conversation_id, message_id, refusal=error), error)
        return redirect("message", conversation_id, message_id)

    def act(self, request: HttpRequest, message_id: UUID) -> None:
        """One service for each button."""
        about: dict[str, Any] = {"actor": self.participant, "message_id": message_id}
        react = ReactForm(request.POST)
        emoji = react.cleaned_data["emoji"] if react.is_valid() else ""
        match request.POST.get("deed"):
            case "edit":
                form = EditForm(request.POST)
                edits.message_edit(**about, content=form.cleaned_data["content"] if form.is_valid() else "")
            case "delete":
                messages.message_delete(**about)
            case "pin":
                pins.pin_set(**about)
            case "unpin":
                pins.pin_clear(**about)
            case "react":
                reactions.reaction_add(**about, emoji=emoji)
            case "unreact":
                reactions.reaction_remove(**about, emoji=emoji)

    def show(self, conversation_id: UUID, message_id: UUID, **context: Any) -> HttpResponse:
        """The page, with a refusal if there is one. Raises NotFound, Forbidden."""
        message = selectors.get_message_for(self.participant, message_id)
        if message.conversation_id != conversation_id:
            raise NotFound
        membership = selectors.get_membership_for(self.participant, conversation_id)
        thread = selectors.thread_of(self.participant, message_id)[:ROWS]
        context |= {
            "conversation": membership.conversation,
            "message": selectors.message_object_for(self.participant, message),
            "thread": selectors.message_objects(self.participant, [row for row in thread if row.pk != message.pk]),
            "is_pinned": str(message.pk) in membership.conversation.pins,
            "may": _may(membership, message),
        }
        if context["may"]["former"]:
            context["former"] = Revision.objects.filter(message=message)
        return render(self.request, "conversations/message_page.html", context)


def _may(membership: Membership, message: Event) -> dict[str, bool]:
    """What its reader may do to a message that is not deleted; of others' messages, the service knows their roles."""
    situation = membership.situation(membership.conversation)
    is_own = message.author_id == membership.participant_id
    actions = {
        "edit": Action.CHANGE_OWN if is_own else Action.EDIT_OTHERS,
        "delete": Action.CHANGE_OWN if is_own else Action.DELETE_OTHERS,
        "react": Action.REACT,
        "pin": Action.PIN,
        "former": Action.READ_FORMER,
    }
    is_there = message.deleted_at is None
    return {name: is_there and policy.is_allowed(action, situation) for name, action in actions.items()}


class AttachView(SignedInPage):
    """Send a file without scripts."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """The form."""
        return self.show(conversation_id, FileForm())

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Upload it, and send it with a message."""
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(conversation_id, form)
        try:
            made = attachments.attachment_create(
                uploader=self.participant, conversation_id=conversation_id, file=form.cleaned_data["file"]
            )
            sends.message_send(
                author=self.participant,
                conversation_id=conversation_id,
                content=form.cleaned_data["content"],
                attachments=[made.pk],
            )
        except ChatError as error:
            return refused(self.show(conversation_id, form, refusal=error), error)
        return redirect("conversation", conversation_id)

    def show(self, conversation_id: UUID, form: FileForm, **context: Any) -> HttpResponse:
        """The page. Raises NotFound, Forbidden."""
        membership = selectors.get_membership_for(self.participant, conversation_id, Action.SEND)
        context |= {"conversation": membership.conversation, "form": form}
        return render(self.request, "conversations/attach.html", context)


class SearchPage(SignedInPage):
    """Messages by their words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, and what was found."""
        form = SearchForm(request.GET or None)
        is_asked = form.is_valid()
        asked = form.cleaned_data if form.is_bound else {}
        context: dict[str, Any] = {"form": form, "q": "", "conversation": asked.get("conversation")}
        if is_asked:
            question = search.Question.parse(asked["q"])
            try:
                ids = search.messages_found(self.participant, question, conversation=asked["conversation"])
            except ChatError as error:
                return refused(render(request, "conversations/search.html", context | {"refusal": error}), error)
            start = (asked["page"] or 1) * ROWS - ROWS
            found = search.messages_of(ids[start : start + ROWS])
            marked = search.highlights(found, question)
            context |= {
                "q": asked["q"],
                "found": [
                    message | {"highlight": marked.get(message["id"], ""), "title": event.conversation.title}
                    for event, message in zip(found, selectors.message_objects(self.participant, found), strict=True)
                ],
                "next": (asked["page"] or 1) + 1 if len(ids) > start + ROWS else None,
            }
        return render(request, "conversations/search.html", context)
