"""Whom messages name, resolved as they are written: ``@username`` a member, ``@all`` (by who may) everybody in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Lower

from conversations.conf import conf
from conversations.models import Conversation, Event, Membership, Mention

NAMES = 50
EVERYBODY = "all"
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# Not inside a word or an address; names as participants.models allows them.
_NAME = re.compile(r"(?<![\w@./+-])@([A-Za-z0-9][A-Za-z0-9_.-]{0,63})")


@dataclass(slots=True)
class Text:
    """A text about to be stored, and whether its author may call everybody."""

    conversation: Conversation
    content: str
    may_call_all: bool


@dataclass(slots=True)
class Named:
    """Whom a text names. ``ids`` are shown with the message; with ``everybody`` it holds the first of them only."""

    ids: list[UUID]
    everybody: bool = False

    def rows(self, message: Event) -> list[Mention]:
        """What mention counts read, for a numbered message."""
        named = [None] if self.everybody else self.ids
        return [
            Mention(
                conversation_id=message.conversation_id,
                sequence=message.sequence,
                author=message.author,
                participant_id=participant,
            )
            for participant in named
        ]


NOBODY = Named([])


def names_in(content: str) -> list[str]:
    """The names after an ``@``, in lower case and in order, each once; code names nobody."""
    if "@" not in content:
        return []
    found: dict[str, None] = {}
    for match in _NAME.finditer(_CODE.sub(" ", content)):
        for name in (match[1].lower(), match[1].lower().rstrip("._-")):  # the end of a sentence is no part of a name
            found[name] = None
    return list(found)[:NAMES]


def resolve(texts: Sequence[Text]) -> list[Named]:
    """Whom each of ``texts`` names among the members of its conversation: at most one query for names and one for
    each conversation in which everybody is called.
    """
    names = [names_in(text.content) for text in texts]
    if not any(names):
        return [NOBODY] * len(texts)
    conversations = {text.conversation.pk for text, wanted in zip(texts, names, strict=True) if wanted}
    rows = (
        Membership.objects.filter(conversation__in=conversations, participant__is_active=True)
        .annotate(name=Lower("participant__username"))
        .filter(name__in={name for wanted in names for name in wanted})
        .order_by()
        .values_list("conversation", "name", "participant")
    )
    members = {(conversation, name): participant for conversation, name, participant in rows}
    everybody: dict[UUID, list[UUID]] = {}
    return [_named(text, wanted, members, everybody) for text, wanted in zip(texts, names, strict=True)]


def _named(
    text: Text, names: list[str], members: dict[tuple[UUID, str], UUID], everybody: dict[UUID, list[UUID]]
) -> Named:
    key = text.conversation.pk
    if text.may_call_all and EVERYBODY in names:
        if key not in everybody:
            rows = Membership.objects.filter(conversation=key, participant__is_active=True)
            everybody[key] = list(rows.values_list("participant", flat=True)[: conf.mentions_shown])
        return Named(everybody[key], everybody=True)
    return Named(list(dict.fromkeys(members[key, name] for name in names if (key, name) in members)))


def mark(message: Event, named: Named) -> None:
    """Let a message show whom it names. Its rows are stored once it has a number: :meth:`Named.rows`."""
    message.named = named
    if named.ids:
        message.data = message.data | {"mentions": [str(participant) for participant in named.ids]}
