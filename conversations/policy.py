"""Who may do what: one table of action x standing, used by every transport. Pure; default deny.

A *standing* is what someone is to a conversation: a role in it, or outside of a public or a private one. Nothing
outside this module compares roles.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from participants.errors import ChatError, Forbidden


class Standing(StrEnum):
    """Roles, highest first, then the two ways of being outside."""

    OWNER = "owner"
    ADMIN = "admin"
    MODERATOR = "moderator"
    MEMBER = "member"
    OBSERVER = "observer"
    OUTSIDE_PUBLIC = "outside_public"
    OUTSIDE_PRIVATE = "outside_private"


class Action(StrEnum):
    """What can be asked of a conversation."""

    PREVIEW = "preview"
    READ = "read"
    JOIN = "join"
    LEAVE = "leave"
    SEND = "send"
    REACT = "react"
    TYPE = "type"
    CHANGE_OWN = "change_own"
    EDIT_OTHERS = "edit_others"
    READ_FORMER = "read_former"
    MENTION_ALL = "mention_all"
    SKIP_SLOW_MODE = "skip_slow_mode"
    START_RUN = "start_run"
    DELETE_OTHERS = "delete_others"
    MUTE = "mute"
    REMOVE = "remove"
    PIN = "pin"
    LOCK = "lock"
    CANCEL_OWN_RUN = "cancel_own_run"
    CANCEL_ANY_RUN = "cancel_any_run"
    INVITE = "invite"
    INVITATIONS_OF_OTHERS = "invitations_of_others"
    BAN = "ban"
    CHANGE_ROLE = "change_role"
    ADD_PARTICIPANT = "add_participant"
    CHANGE_SETTINGS = "change_settings"
    ARCHIVE = "archive"
    DELETE = "delete"
    HAND_OVER = "hand_over"


ROLES = (Standing.OWNER, Standing.ADMIN, Standing.MODERATOR, Standing.MEMBER, Standing.OBSERVER)
DEFAULT_ROLE = Standing.MEMBER
CREATOR_ROLE = Standing.OWNER
HANDING_OVER_LEAVES = Standing.ADMIN
NO_OWNER = "Only a person with an account can own a conversation."
_RANK = {role: len(ROLES) - place for place, role in enumerate(ROLES)}

_EVERYONE = frozenset(ROLES)
_WRITERS = _EVERYONE - {Standing.OBSERVER}
_MODERATORS = frozenset({Standing.OWNER, Standing.ADMIN, Standing.MODERATOR})
_ADMINS = frozenset({Standing.OWNER, Standing.ADMIN})
_OWNERS = frozenset({Standing.OWNER})

TABLE: dict[Action, frozenset[Standing]] = {
    Action.PREVIEW: _EVERYONE | {Standing.OUTSIDE_PUBLIC},
    Action.READ: _EVERYONE,
    Action.JOIN: frozenset({Standing.OUTSIDE_PUBLIC}),
    Action.LEAVE: _EVERYONE,
    Action.SEND: _WRITERS,
    Action.REACT: _WRITERS,
    Action.TYPE: _WRITERS,
    Action.CHANGE_OWN: _WRITERS,
    Action.EDIT_OTHERS: frozenset(),  # nobody puts words into somebody's mouth
    Action.READ_FORMER: _MODERATORS,
    Action.MENTION_ALL: _MODERATORS,
    Action.START_RUN: _WRITERS,
    Action.SKIP_SLOW_MODE: _MODERATORS,
    Action.DELETE_OTHERS: _MODERATORS,
    Action.MUTE: _MODERATORS,
    Action.REMOVE: _MODERATORS,
    Action.PIN: _MODERATORS,
    Action.LOCK: _MODERATORS,
    Action.CANCEL_OWN_RUN: _EVERYONE,  # whatever became of one's role since
    Action.CANCEL_ANY_RUN: _MODERATORS,
    Action.INVITE: _MODERATORS,
    Action.INVITATIONS_OF_OTHERS: _MODERATORS,
    Action.BAN: _ADMINS,
    Action.CHANGE_ROLE: _ADMINS,
    Action.ADD_PARTICIPANT: _ADMINS,
    Action.CHANGE_SETTINGS: _ADMINS,
    Action.ARCHIVE: _OWNERS,
    Action.DELETE: _OWNERS,
    Action.HAND_OVER: _OWNERS,
}

# What an archived (read-only) conversation still takes, and what a locked one does not take from below moderators.
ALLOWED_WHEN_ARCHIVED = frozenset(
    {
        Action.PREVIEW,
        Action.READ,
        Action.READ_FORMER,
        Action.LEAVE,
        Action.ARCHIVE,
        Action.DELETE,
        Action.CANCEL_OWN_RUN,
    }
)
REFUSED_WHEN_LOCKED = frozenset({Action.SEND, Action.REACT, Action.CHANGE_OWN, Action.START_RUN})
REFUSED_WHEN_MUTED = REFUSED_WHEN_LOCKED | {Action.TYPE}


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks (``standing``, ``muted``, ``invited``) in what state of the conversation.

    ``target`` is the role of whoever it is done to; ``members_invite`` is the site's choice.
    """

    standing: Standing
    archived: bool = False
    locked: bool = False
    muted: bool = False
    invited: bool = False
    members_invite: bool = False
    target: Standing | None = None

    def on(self, target: Standing) -> "Situation":
        """The same, for something done to whoever has the role ``target``."""
        return replace(self, target=target)


def is_allowed(action: Action, situation: Situation) -> bool:
    """Whether :func:`require` would let it pass."""
    return refusal(action, situation) is None


def require(action: Action, situation: Situation) -> None:
    """Raise the ChatError of :func:`refusal`, if there is one."""
    if error := refusal(action, situation):
        raise error


def refusal(action: Action, situation: Situation) -> ChatError | None:
    """Why ``action`` is refused, or None: ``not_a_participant``, ``role_too_low``, ``archived``, ``locked`` …"""
    standing = situation.standing
    if standing not in TABLE.get(action, frozenset()) and not _is_granted(action, situation):
        return _standing_refusal(action, standing)
    if situation.target is not None and not _reaches(action, situation, situation.target):
        return Forbidden("You cannot act on someone whose role is equal to or above yours.", code="role_too_low")
    if situation.archived and action not in ALLOWED_WHEN_ARCHIVED:
        return Forbidden("This conversation is archived: it can be read, not changed.", code="archived")
    if situation.locked and action in REFUSED_WHEN_LOCKED and standing not in _MODERATORS:
        return Forbidden("This conversation is locked: only moderators write in it for now.", code="locked")
    if situation.muted and action in REFUSED_WHEN_MUTED:
        return Forbidden("You are muted in this conversation for now: you can read, not write.", code="muted")
    return None


def inviters_of(role: Standing, *, members_invite: bool) -> list[Standing]:
    """The roles that may invite somebody as ``role``."""
    inviting = (Situation(inviter, members_invite=members_invite, target=role) for inviter in ROLES)
    return [situation.standing for situation in inviting if is_allowed(Action.INVITE, situation)]


def _is_granted(action: Action, situation: Situation) -> bool:
    """What a standing alone does not allow, but an invitation or a setting of the site does."""
    if action is Action.JOIN:
        return situation.invited and situation.standing is Standing.OUTSIDE_PRIVATE
    return action is Action.INVITE and situation.members_invite and situation.standing is Standing.MEMBER


def _reaches(action: Action, situation: Situation, target: Standing) -> bool:
    """Whether a role is below one's own; members who may invite, invite members."""
    if action is Action.INVITE and situation.members_invite and target is situation.standing is Standing.MEMBER:
        return True
    return outranks(situation.standing, target)


def _standing_refusal(action: Action, standing: Standing) -> ChatError:
    if standing not in _EVERYONE:
        if action is Action.JOIN:
            return Forbidden("This conversation is private: you need an invitation.", code="invitation_required")
        return Forbidden("You are not a participant of this conversation. Join it first.", code="not_a_participant")
    return Forbidden("Your role in this conversation does not allow this.", code="role_too_low")


def outranks(one: Standing, other: Standing) -> bool:
    """Whether ``one`` is strictly above ``other``."""
    return _RANK.get(one, 0) > _RANK.get(other, 0)


def owns(role: Standing) -> bool:
    """Whether it is the role of which there is always one."""
    return role is CREATOR_ROLE


def rank(role: Standing) -> int:
    """For ordering people by role: higher is more."""
    return _RANK.get(role, 0)
