"""What the pages that run a conversation show: who may be done what to. Reads and the policy only."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from conversations import policy
from conversations.models import Ban, Conversation, Membership
from conversations.policy import ROLES, Action, Situation
from participants.errors import ChatError

BANS_SHOWN = 200


def of_conversation(situation: Situation) -> dict[str, bool]:
    """What somebody may do to the conversation as a whole."""
    actions = {
        "invite": Action.INVITE,
        "settings": Action.CHANGE_SETTINGS,
        "lock": Action.LOCK,
        "archive": Action.ARCHIVE,
        "ban": Action.BAN,
    }
    return {name: policy.is_allowed(action, situation) for name, action in actions.items()}


def of_viewer(membership: Membership) -> dict[str, Any]:
    """What a member may do now: to messages and the conversation, and to others by the role these have."""
    situation = membership.situation(membership.conversation)
    own = {
        "react": Action.REACT,
        "change_own": Action.CHANGE_OWN,
        "delete_others": Action.DELETE_OTHERS,
        "pin": Action.PIN,
        "run": Action.START_RUN,
        "cancel_any_run": Action.CANCEL_ANY_RUN,
        "add": Action.ADD_PARTICIPANT,
    }
    over = {"remove": Action.REMOVE, "ban": Action.BAN, "mute": Action.MUTE, "change_role": Action.CHANGE_ROLE}
    return {
        "role": membership.role,
        "may": of_conversation(situation) | {key: policy.is_allowed(action, situation) for key, action in own.items()},
        "over": {
            role: [key for key, action in over.items() if policy.is_allowed(action, situation.on(role))]
            for role in ROLES
        },
        "roles": assignable_roles(Action.CHANGE_ROLE, situation),
    }


def silence_of(membership: Membership) -> tuple[ChatError | None, datetime | None]:
    """Why a member cannot write now, if they cannot, and when that ends by itself, if it does."""
    situation = membership.situation(membership.conversation)
    refusal = policy.refusal(Action.SEND, situation)
    return refusal, membership.muted_until if refusal is not None and situation.muted else None


def assignable_roles(action: Action, situation: Situation) -> list[policy.Standing]:
    """The roles that somebody may give."""
    return [role for role in ROLES if policy.is_allowed(action, situation.on(role))]


def member_row(member: Membership, viewer: Membership, situation: Situation) -> dict[str, Any]:
    """A member, and what the viewer may do to them."""
    is_self = member.pk == viewer.pk
    on_them = situation.on(member.standing)
    muted = member.muted_until is not None and member.muted_until > timezone.now()
    may = {
        "remove": not is_self and policy.is_allowed(Action.REMOVE, on_them),
        "ban": not is_self and policy.is_allowed(Action.BAN, on_them),
        "mute": not is_self and policy.is_allowed(Action.MUTE, on_them),
        "hand_over": not is_self and member.participant.is_human and policy.is_allowed(Action.HAND_OVER, situation),
    }
    roles = []
    if policy.is_allowed(Action.CHANGE_ROLE, on_them):
        roles = assignable_roles(Action.CHANGE_ROLE, situation)
    return {
        "id": member.participant_id,
        "participant": member.participant,
        "role": member.role,
        "is_self": is_self,
        "muted_until": member.muted_until if muted else None,
        "may": may,
        "roles": roles,
        "manageable": bool(roles) or any(may.values()),
    }


def bans_of(conversation: Conversation) -> list[Ban]:
    """Who cannot come back, newest first."""
    return list(Ban.objects.filter(conversation=conversation).select_related("participant")[:BANS_SHOWN])
