"""Checking a log against itself: numbers, commitments, digests, and what is counted beside it. Reads only."""

from collections.abc import Iterator
from uuid import UUID

from conversations import digest
from conversations.exports import in_chunks
from conversations.models import Conversation, Event, Reaction, Revision


def faults_of(conversation: Conversation) -> Iterator[str]:
    """What is wrong with the log of a conversation, in words, in constant memory; nothing if it is sound."""
    number, before = conversation.first_sequence - 1, conversation.cut_digest
    rows = Event.objects.filter(conversation=conversation).order_by("sequence").select_related("target")
    for page in in_chunks(rows):
        former = dict(Revision.objects.filter(entry__in=page).values_list("entry", "content"))
        latest = _latest_edits(page)
        reactions = _reactions(page)
        for entry in page:
            number += 1
            if entry.sequence != number:
                yield f"{entry.sequence}: comes where {number} should"
                number = entry.sequence
            if entry.digest != digest.following(before, entry):
                yield f"{entry.sequence}: its digest does not follow from the one before it"
            before = entry.digest
            yield from _content_faults(entry, former, latest)
            if entry.data.get("reactions", []) != reactions.get(entry.pk, []):
                yield f"{entry.sequence}: shows other reactions than there are"
    if number != conversation.last_sequence:
        yield f"{conversation.last_sequence}: is said to be the last, and {number} is"
    elif before != conversation.digest:
        yield f"{number}: the conversation keeps another digest"


def _content_faults(entry: Event, former: dict[UUID, str], latest: dict[UUID, UUID]) -> Iterator[str]:
    """Whether a text is the one that was committed to; of what was taken out, only that it is out can be said."""
    if not entry.salt:
        if entry.content:
            yield f"{entry.sequence}: has a text and no salt"
        return
    if entry.pk in former:
        text = former[entry.pk]
    elif entry.type == digest.EDITED:
        if latest.get(entry.target_id) != entry.pk:  # type: ignore[arg-type]
            yield f"{entry.sequence}: the text that this edit brought is missing"
            return
        if entry.target is None:  # gone with the message
            return
        text = entry.target.content
    elif entry.edited_at is not None:
        yield f"{entry.sequence}: the text that it had first is missing"
        return
    else:
        text = entry.content
    if digest.commitment(entry.salt, text, entry.data) != entry.commitment:
        yield f"{entry.sequence}: says something else than was committed to"


def _latest_edits(page: list[Event]) -> dict[UUID, UUID]:
    """The last edit of each message that an edit of this page is about."""
    targets = {entry.target_id for entry in page if entry.type == digest.EDITED}
    edits = Event.objects.filter(target__in=targets, type=digest.EDITED).order_by("sequence") if targets else []
    return {edit.target_id: edit.pk for edit in edits if edit.target_id}


def _reactions(page: list[Event]) -> dict[UUID, list[dict[str, object]]]:
    rows = Reaction.objects.filter(message__in=page).order_by("pk")
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        counts = found.setdefault(row.message_id, {})
        counts[row.emoji] = counts.get(row.emoji, 0) + 1
    return {
        message: [{"emoji": emoji, "count": count} for emoji, count in counts.items()]
        for message, counts in found.items()
    }
