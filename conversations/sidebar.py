"""The list of conversations beside every page of whoever is signed in: one query, made when a template asks."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, Subquery, UUIDField
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from conversations import presentation
from conversations.conf import conf
from conversations.forms import ConversationForm
from conversations.models import Conversation, Membership
from conversations.plain import plain
from participants.models import Participant
from participants.presence import online_or_unknown

ROWS = 30
TWO = 2


def new_form(data: Any = None) -> ConversationForm:
    """The form for a new conversation. It is on every page, so its ids are unlike those of other forms."""
    return ConversationForm(data, auto_id="new_%s")


@dataclass(frozen=True, slots=True)
class Sidebar:
    """A page of one's conversations, most recent first, those called like ``named``; and a form for a new one.

    ``newer`` and ``older`` are the numbers of the pages beside it, None where there is none.
    """

    rows: list[dict[str, Any]]
    named: str = ""
    newer: int | None = None
    older: int | None = None
    form: ConversationForm = field(default_factory=new_form)


def sidebar_of(
    participant: Participant, *, page: int = 1, named: str = "", form: ConversationForm | None = None
) -> Sidebar:
    """The list: one query and one presence call."""
    others = Membership.objects.filter(conversation=OuterRef("pk")).exclude(participant=participant).order_by()
    rows = Conversation.objects.filter(archived_at=None).of(participant).named(named).with_counts()
    rows = rows.with_reading_of(participant).with_preview_for(participant).with_preview_author()
    start = (page - 1) * ROWS
    found: list[Any] = list(
        rows.annotate(other=Subquery(others.values("participant")[:1], UUIDField()))[start : start + ROWS + 1]
    )
    # Of a conversation between two, whether the other one is there; of more it would say little.
    online = online_or_unknown({row.other for row in found if row.member_count == TWO})
    return Sidebar(
        rows=[_row(row, online.get(row.other)) for row in found[:ROWS]],
        named=named,
        newer=page - 1 or None,
        older=page + 1 if len(found) > ROWS else None,
        form=form or new_form(),
    )


def _row(conversation: Any, is_other_online: bool | None) -> dict[str, Any]:
    summary = presentation.conversation_summary(conversation)
    most, unread = conf.unread_counted, summary["unread_count"]
    peer = None
    if conversation.member_count == TWO and is_other_online is not None:
        peer = {"id": conversation.other, "is_online": is_other_online}
    return summary | {
        "active_at": conversation.active_at,
        "last_message_preview": plain(summary["last_message_preview"] or ""),
        "last_message_author": conversation.preview_author,
        "unread_shown": f"{most}+" if unread > most else str(unread),
        "peer": peer,
    }


def sidebar(request: HttpRequest) -> dict[str, Any]:
    """For templates: ``sidebar``, None for whoever is not signed in."""

    def made() -> Sidebar | None:
        return sidebar_of(request.user) if request.user.is_authenticated else None

    return {"sidebar": SimpleLazyObject(made)}
