"""What an agent is shown of a conversation: nothing that the least privileged reader of its answer may not read."""

from dataclasses import dataclass
from typing import Any

from agents.conf import conf
from agents.models import Agent, AgentRun
from agents.steps import Line
from conversations.models import Conversation, Event, Membership
from participants.models import Participant


@dataclass(frozen=True, slots=True)
class Context:
    """The lines, and the range that they are from, as it is stored with the run and shown to members."""

    lines: list[Line]
    first_readable: int
    up_to: int
    range: dict[str, Any]


def first_readable(conversation: Conversation) -> int:
    """The lowest number that everybody in the conversation, the agent included, may read."""
    if conversation.history == Conversation.History.ALL:
        return conversation.first_sequence
    newest = Membership.objects.filter(conversation=conversation).order_by("-joined_sequence")
    joined = newest.values_list("joined_sequence", flat=True).first() or 1
    return max(conversation.first_sequence, joined)


def of_run(run: AgentRun, agent: Agent, conversation: Conversation) -> Context:
    """The newest readable messages up to the one that is answered, within the bounds of number and size: two queries.

    ``cut`` counts the messages that were left out for being older, too many or too long together, and ``shortened``
    those whose end is missing.
    """
    first = first_readable(conversation)
    up_to = run.trigger_sequence or conversation.last_sequence
    rows = (
        Event.objects.filter(conversation=conversation, sequence__gte=first, sequence__lte=up_to, deleted_at=None)
        .messages()
        .select_related("author")
        .order_by("-sequence")
    )
    lines: list[Line] = []
    left, shortened = conf.context_characters, 0
    for event in rows[: agent.context_lines]:
        if lines and left <= 0:
            break
        content = event.content[: max(left, 1)]
        shortened += len(content) < len(event.content)
        left -= len(content)
        lines.append(_line(event, agent.participant, content))
    lines.reverse()
    older = lines[0].sequence if lines else up_to + 1
    cut = rows.filter(sequence__lt=older).order_by()[:1001].count()
    shown = {"first": lines[0].sequence, "last": lines[-1].sequence} if lines else {"first": None, "last": None}
    return Context(lines, first, up_to, shown | {"count": len(lines), "cut": cut, "shortened": shortened})


def _line(event: Event, agent: Participant, content: str) -> Line:
    if event.author is None:
        return Line(event.sequence, "user", "System", content)
    role = "assistant" if event.author_id == agent.pk else "user"
    return Line(event.sequence, role, event.author.display_name, content)
