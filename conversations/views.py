"""Pages of conversations. A view parses, calls one service or selector and shows the outcome to a person.

Who may do what is asked of :mod:`conversations.policy`, never of a role.
"""

from typing import Any
from uuid import UUID

from django.core.paginator import Page as Cut
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from conversations import controls, policy, presentation, selectors
from conversations.conf import conf
from conversations.forms import ConversationForm, MessageForm, PositionForm, ReadForm, SidebarForm, new_message_id
from conversations.management_forms import EXPIRIES, MUTES
from conversations.models import Conversation, Draft, Membership
from conversations.policy import Action
from conversations.services.conversations import conversation_create
from conversations.services.drafts import draft_clear
from conversations.services.invitations import conversation_join
from conversations.services.memberships import conversation_leave
from conversations.services.messages import read_mark
from conversations.services.sends import message_send
from conversations.sidebar import new_form, sidebar_of
from conversations.texts import page_texts
from conversations.timeline import NOTICES, Timeline, number_at, timeline
from participants.errors import ChatError, Conflict, Forbidden, NotFound
from participants.forms import show_refusal
from participants.presentation import participant_object
from participants.views import SignedInPage, refused

ROWS = 30
SEARCH_LENGTH = 100


def cut(rows: QuerySet[Conversation], request: HttpRequest) -> Cut[Conversation]:
    """The page of a list that was asked for; a number that there is not means the nearest."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


class ConversationListView(SignedInPage):
    """One's own conversations, which are the sidebar's, and ways to others; a form for a new one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        return self.show(new_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a conversation and go there."""
        form = new_form(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            conversation = conversation_create(creator=self.participant, **form.cleaned_data)
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(form), error)
        return redirect("conversation", conversation.pk)

    def show(self, form: ConversationForm) -> HttpResponse:
        """The page with a form."""
        beside = sidebar_of(self.participant, **SidebarForm(self.request.GET).asked, form=form)
        waiting = sum(bool(row["unread_count"]) for row in beside.rows)
        is_first = not beside.rows and not beside.named and beside.newer is None
        context = {"form": form, "sidebar": beside, "is_home": True, "is_first": is_first, "waiting": waiting}
        context["texts"] = page_texts()
        return render(self.request, "conversations/list.html", context)


class ExploreView(SignedInPage):
    """Public conversations, as outsiders see them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, or what a search finds."""
        search = request.GET.get("search", "").replace("\0", "").strip()[:SEARCH_LENGTH]
        page = cut(Conversation.objects.filter(archived_at=None).public().named(search).with_counts(), request)
        rows = list(page)
        mine = Conversation.objects.of(self.participant).filter(pk__in=[row.pk for row in rows]).order_by()
        context = {
            "page": page,
            "search": search,
            "conversations": [presentation.conversation_preview(row) for row in rows],
            "mine": set(mine.values_list("pk", flat=True)),
        }
        return render(request, "conversations/explore.html", context)


class ConversationPage(SignedInPage):
    """What the pages about one conversation share: how it looks from inside, and from outside."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """An address that takes a form only leads to the conversation."""
        return redirect("conversation", conversation_id)

    def show(self, conversation_id: UUID, form: MessageForm | None = None, **context: Any) -> HttpResponse:
        """The conversation to a member, its preview to anyone else who may see one; raises NotFound, Forbidden."""
        mine = Membership.objects.filter(conversation_id=conversation_id, participant=self.participant)
        membership = mine.select_related("conversation", "participant").first()
        if membership is None:
            return self.show_preview(conversation_id, **context)
        context |= inside(membership, PositionForm(self.request.GET))
        context["form"] = form or MessageForm(initial={"message_id": new_message_id(), "content": context["draft"]})
        return render(self.request, "conversations/conversation.html", context)

    def show_preview(self, conversation_id: UUID, **context: Any) -> HttpResponse:
        """What an outsider may see of it."""
        conversation = Conversation.objects.with_counts().filter(pk=conversation_id).first()
        if conversation is None:
            raise NotFound("There is no such conversation.")
        situation = conversation.situation(conversation.outside)
        if not policy.is_allowed(Action.PREVIEW, situation):
            if isinstance(refusal := context.get("refusal"), Forbidden):  # says more than that they are outside
                raise refusal
            selectors.get_membership_for(self.participant, conversation_id)  # refuses, and notes it
        context |= {
            "conversation": presentation.conversation_preview(conversation),
            "can_join": policy.is_allowed(Action.JOIN, situation),
        }
        return render(self.request, "conversations/preview.html", context)

    def show_refused(self, conversation_id: UUID, error: ChatError, form: MessageForm | None = None) -> HttpResponse:
        """The same page with what went wrong, and with what was typed."""
        return refused(self.show(conversation_id, form, refusal=error), error)


def inside(membership: Membership, position: PositionForm) -> dict[str, Any]:
    """What a member's page shows of a conversation: its members, its timeline, and what they had begun to write."""
    conversation = membership.conversation
    situation = membership.situation(conversation)
    before = position.end
    draft = Draft.objects.filter(conversation=conversation, participant=membership.participant).first()
    after = position.behind
    if position.moment is not None and (found := number_at(membership, position.moment)) is not None:
        after = found - 1
    if before is not None and before > conversation.last_sequence:
        before = None
    members = selectors.members_of(conversation)
    shown = timeline(membership, before, after)
    send_refusal, silent_until = controls.silence_of(membership)
    situation_of_viewer = controls.of_viewer(membership)
    return {
        "conversation": conversation,
        "participants": members[: conf.participants_shown],
        "participant_count": len(members),
        "timeline": shown,
        "draft": draft.content if draft else "",
        "begins_at_join": membership.first_visible(conversation) > conversation.first_sequence,
        "can_send": send_refusal is None,
        "may": situation_of_viewer["may"],
        "default_role": policy.DEFAULT_ROLE,
        "roles_to_invite": controls.assignable_roles(Action.INVITE, situation),
        "expiries": EXPIRIES,
        "mutes": MUTES,
        "roles": policy.ROLES[1:],
        "can_leave": policy.is_allowed(Action.LEAVE, situation),
        "send_refusal": send_refusal,
        "silent_until": silent_until,
        "has_unread": shown.newer is None and membership.last_read_sequence < shown.cursor,
        "notices": NOTICES,
        "last_read": membership.last_read_sequence,
        "bootstrap": bootstrap(membership, shown),
        "texts": page_texts(),
    }


def bootstrap(membership: Membership, shown: Timeline) -> dict[str, Any]:
    """What the page's scripts start from; one line for each thing they could not read off the page."""
    conversation = membership.conversation
    here = [conversation.pk]
    return {
        "conversation_id": conversation.pk,
        "participant": participant_object(membership.participant),
        "role": membership.role,
        "cursor": max(shown.cursor, conversation.last_sequence) if shown.newer is None else conversation.last_sequence,
        "newer": shown.newer,
        "first_sequence_id": membership.first_visible(conversation),
        "last_read_sequence_id": membership.last_read_sequence,
        "message_characters": conf.message_characters,
        "attachment_bytes": conf.attachment_bytes,
        "has_unread": membership.last_read_sequence < conversation.last_sequence,
        "pins": conversation.pins,
        "timeline": reverse("conversation-timeline", args=here),
        "preview": reverse("conversation-preview", args=here),
        "standing": reverse("conversation-standing", args=here),
        "sign_in": f"{reverse('sign-in')}?next={reverse('conversation', args=here)}",
    }


class ConversationView(ConversationPage):
    """A conversation: its newest entries, or with ``before`` older ones."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """The page, or from outside of a public conversation its preview."""
        return self.show(conversation_id)


class SendView(ConversationPage):
    """Say something without scripts."""

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Store the message and show it."""
        form = MessageForm(request.POST)
        if not form.is_valid():
            return self.show(conversation_id, form)
        try:
            message_send(author=self.participant, conversation_id=conversation_id, **form.cleaned_data)
        except Conflict:
            # The back button brought an old page, whose key was spent on another text: this text gets its own.
            renewed = MessageForm({"content": form.cleaned_data["content"], "message_id": new_message_id()})
            error = Conflict("This page was out of date. Look at your message and send it again.")
            return self.show_refused(conversation_id, error, renewed)
        except ChatError as error:
            return self.show_refused(conversation_id, error, form)
        draft_clear(participant=self.participant, conversation_id=conversation_id)
        return redirect(f"{reverse('conversation', args=[conversation_id])}#composer")


class JoinView(ConversationPage):
    """Become a member."""

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Join and go in; a member already goes in as well."""
        try:
            conversation_join(participant=self.participant, conversation_id=conversation_id)
        except Conflict:
            return redirect("conversation", conversation_id)
        except ChatError as error:
            return self.show_refused(conversation_id, error)
        return redirect("conversation", conversation_id)


class LeaveView(ConversationPage):
    """Stop being a member."""

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Leave and go back to the list; whoever was outside already goes there too."""
        conversation_leave(participant=self.participant, conversation_id=conversation_id)
        return redirect("conversation-list")


class ReadView(ConversationPage):
    """Move the read marker without scripts."""

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Mark as read up to what the page showed."""
        form = ReadForm(request.POST)
        if form.is_valid():
            read_mark(participant=self.participant, conversation_id=conversation_id, **form.cleaned_data)
        return redirect("conversation", conversation_id)
