"""How a participant looks to clients."""

from typing import Any

from participants.models import Participant


def participant_object(participant: Participant) -> dict[str, Any]:
    """The participant inside frames and messages, without presence."""
    return {
        "id": participant.pk,
        "participant_id": participant.pk,
        "username": participant.username,
        "display_name": participant.display_name,
        "kind": participant.kind,
    }


def participant_profile(participant: Participant, *, is_online: bool | None = None, knows: bool) -> dict[str, Any]:
    """A participant as REST shows them; presence is null to whoever shares no conversation with them (``knows``)."""
    return participant_object(participant) | {
        "is_online": is_online if knows else None,
        "last_seen_at": participant.last_seen_at if knows else None,
    }
