"""Who gets which answer: section 5 of the contract, written out by actor, action and state of a conversation.

It is written from the contract's words and knows nothing of the product's policy.
"""

from typing import NamedTuple

ACTORS = (
    "anonymous", "outsider", "invited", "observer", "member", "moderator", "admin", "owner", "left", "removed",
    "banned", "agent", "deactivated",
)  # fmt: skip
STATES = ("public", "private", "locked", "archived", "deleted")  # locked ones are private here, archived ones public
ROLES = ("owner", "admin", "moderator", "member", "observer")
PUBLIC_STATES = ("public", "archived")


class Answer(NamedTuple):
    """What a client gets; ``code`` is empty for what is done."""

    status: int
    code: str = ""


class Row(NamedTuple):
    """One action: ``inside`` has a letter a role of ROLES, y for who may.

    ``archived``: an archived conversation still takes it. ``locked``: a locked one takes it from everybody who may.
    """

    done: int
    inside: str
    archived: bool = False
    locked: bool = True


READ = Row(200, "yyyyy", archived=True)
ACTIONS: dict[str, Row] = {
    "read detail": READ,
    "read messages": READ,
    "read events": READ,
    "read participants": READ,
    "mark read": READ,
    "leave": Row(200, "yyyyy", archived=True),
    "send": Row(201, "yyyyn", locked=False),
    "delete a message": Row(204, "yyynn"),
    "edit a message": Row(200, "nnnnn"),
    "react": Row(200, "yyyyn", locked=False),
    "unreact": Row(204, "yyyyn", locked=False),
    "pin": Row(200, "yyynn"),
    "unpin": Row(204, "yyynn"),
    "read thread": READ,
    "read pins": READ,
    "read former texts": Row(200, "yyynn", archived=True),
    "remove": Row(204, "yyynn"),
    "mute": Row(200, "yyynn"),
    "unmute": Row(204, "yyynn"),
    "lock": Row(200, "yyynn"),
    "unlock": Row(200, "yyynn"),
    "invite": Row(201, "yyynn"),
    "list invitations": Row(200, "yyynn"),
    "revoke": Row(204, "yyynn"),
    "ban": Row(200, "yynnn"),
    "ban outsider": Row(200, "yynnn"),
    "unban": Row(204, "yynnn"),
    "add": Row(201, "yynnn"),
    "change role": Row(200, "yynnn"),
    "rename": Row(200, "yynnn"),
    "slow mode": Row(200, "yynnn"),
    "make private": Row(200, "yynnn"),
    "hide history": Row(200, "yynnn"),
    "archive": Row(200, "ynnnn", archived=True),
    "unarchive": Row(200, "ynnnn", archived=True),
    "delete": Row(204, "ynnnn", archived=True),
    "hand over": Row(200, "ynnnn"),
}
OF_A_MESSAGE = {
    "delete a message", "edit a message", "react", "unreact", "pin", "unpin", "read thread", "read former texts",
}  # fmt: skip
SOCKETS_ONLY = {"type": Row(200, "yyyyn")}
ENTERING = ("join", "join invited", "accept")

NOBODY = Answer(401, "not_authenticated")
ENDED = Answer(401, "token_revoked")
MISSING = Answer(404, "not_found")


def role_of(actor: str) -> str | None:
    """The role that an actor has in the conversation, None for who is outside."""
    role = "member" if actor == "agent" else actor
    return role if role in ROLES else None


def expected(actor: str, action: str, state: str) -> Answer:
    """The answer that the contract gives."""
    if actor == "anonymous":
        return NOBODY
    if actor == "deactivated":
        return ENDED
    if state == "deleted":
        return MISSING
    if action in OF_A_MESSAGE and role_of(actor) is None:
        return MISSING  # what one may not read is not there
    if action in ENTERING:
        return _entering(actor, state, invited=action != "join")
    return _inside(role_of(actor), (ACTIONS | SOCKETS_ONLY)[action], state)


def _entering(actor: str, state: str, *, invited: bool) -> Answer:
    if role_of(actor):
        return Answer(409, "already_participant")
    if actor == "banned":
        return Answer(403, "banned")
    if not invited and state not in PUBLIC_STATES:
        return Answer(403, "invitation_required")
    return Answer(403, "archived") if state == "archived" else Answer(200)


def _inside(role: str | None, row: Row, state: str) -> Answer:
    if role is None:
        return Answer(403, "not_a_participant")
    if row.inside[ROLES.index(role)] == "n":
        return Answer(403, "role_too_low")
    if state == "archived" and not row.archived:
        return Answer(403, "archived")
    if state == "locked" and not row.locked and ROLES.index(role) > ROLES.index("moderator"):
        return Answer(403, "locked")
    return Answer(row.done)


def on_role(actor: str, action: str, target: str) -> Answer:
    """The answer to something done to a member with the role ``target``: never to an equal or a higher one."""
    row = ACTIONS[action]
    is_below = ROLES.index(target) > ROLES.index(actor)
    if row.inside[ROLES.index(actor)] == "y" and is_below:
        return Answer(row.done)
    return Answer(403, "role_too_low")


def giving_role(actor: str, action: str, role: str) -> Answer:
    """The answer to giving somebody ``role`` (a newcomer, an invitation, a plain observer): one below one's own."""
    if action == "invite" and role == "owner":
        return Answer(400, "validation_error")  # no invitation makes an owner
    if action == "change role" and role == "owner":
        return Answer(200) if actor == "owner" else Answer(403, "role_too_low")  # hands over
    return on_role(actor, action, role)
