"""Who may do what: the contract's table, written out again, against the one in the product."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.policy import TABLE, Action, Situation, Standing, is_allowed, outranks, refusal, require
from participants.errors import ChatError, Forbidden

COLUMNS = [Standing(name) for name in
           ("owner", "admin", "moderator", "member", "observer", "outside_public", "outside_private")]  # fmt: skip
ROLES = COLUMNS[:5]
# One letter a column: y yes, n no; then what an archived and what a locked conversation makes of it:
# archived: "on" still goes, "off" does not; locked: "all" still goes, "mods" from moderators up only.
MATRIX = {
    "preview":         ("yyyyyyn", "on", "all"),
    "read":            ("yyyyynn", "on", "all"),
    "join":            ("nnnnnyn", "off", "all"),
    "leave":           ("yyyyynn", "on", "all"),
    "send":            ("yyyynnn", "off", "mods"),
    "react":           ("yyyynnn", "off", "mods"),
    "type":            ("yyyynnn", "off", "all"),
    "change_own":      ("yyyynnn", "off", "mods"),
    "edit_others":     ("nnnnnnn", "off", "all"),
    "read_former":     ("yyynnnn", "on", "all"),
    "mention_all":     ("yyynnnn", "off", "all"),
    "start_run":       ("yyyynnn", "off", "mods"),
    "skip_slow_mode":  ("yyynnnn", "off", "all"),
    "delete_others":   ("yyynnnn", "off", "all"),
    "mute":            ("yyynnnn", "off", "all"),
    "remove":          ("yyynnnn", "off", "all"),
    "pin":             ("yyynnnn", "off", "all"),
    "lock":            ("yyynnnn", "off", "all"),
    "cancel_own_run":  ("yyyyynn", "on", "all"),
    "cancel_any_run":  ("yyynnnn", "off", "all"),
    "invite":          ("yyynnnn", "off", "all"),
    "invitations_of_others": ("yyynnnn", "off", "all"),
    "ban":             ("yynnnnn", "off", "all"),
    "change_role":     ("yynnnnn", "off", "all"),
    "add_participant": ("yynnnnn", "off", "all"),
    "change_settings": ("yynnnnn", "off", "all"),
    "archive":         ("ynnnnnn", "on", "all"),
    "delete":          ("ynnnnnn", "on", "all"),
    "hand_over":       ("ynnnnnn", "off", "all"),
}  # fmt: skip


def expected(action: str, standing: Standing, *, archived: bool, locked: bool) -> bool:
    columns, when_archived, when_locked = MATRIX[action]
    is_yes = columns[COLUMNS.index(standing)] == "y"
    is_stopped = archived and when_archived == "off"
    is_held = locked and when_locked == "mods" and standing not in COLUMNS[:3]
    return is_yes and not is_stopped and not is_held


def test_the_matrix_has_every_action_and_every_standing():
    assert set(MATRIX) == {str(action) for action in Action}
    assert set(COLUMNS) == set(Standing)
    assert all(len(columns) == len(COLUMNS) for columns, *_ in MATRIX.values())


@pytest.mark.parametrize("action", MATRIX)
def test_the_product_decides_as_the_matrix_says(action: str):
    for standing, archived, locked in product(COLUMNS, (False, True), (False, True)):
        situation = Situation(standing, archived=archived, locked=locked)
        wanted = expected(action, standing, archived=archived, locked=locked)
        assert is_allowed(Action(action), situation) is wanted, situation


@pytest.mark.parametrize(
    ("action", "situation", "code"),
    [
        (Action.READ, Situation(Standing.OUTSIDE_PUBLIC), "not_a_participant"),
        (Action.READ, Situation(Standing.OUTSIDE_PRIVATE), "not_a_participant"),
        (Action.JOIN, Situation(Standing.OUTSIDE_PRIVATE), "invitation_required"),
        (Action.JOIN, Situation(Standing.OUTSIDE_PUBLIC, archived=True), "archived"),
        (Action.SEND, Situation(Standing.OBSERVER), "role_too_low"),
        (Action.SEND, Situation(Standing.OBSERVER, archived=True, locked=True), "role_too_low"),
        (Action.SEND, Situation(Standing.MEMBER, locked=True), "locked"),
        (Action.SEND, Situation(Standing.OWNER, archived=True), "archived"),
        (Action.SEND, Situation(Standing.MEMBER, archived=True, locked=True), "archived"),
        (Action.REMOVE, Situation(Standing.ADMIN, target=Standing.ADMIN), "role_too_low"),
        (Action.DELETE, Situation(Standing.ADMIN), "role_too_low"),
    ],
)
def test_a_refusal_says_why(action, situation, code):
    error = refusal(action, situation)
    assert isinstance(error, Forbidden)
    assert error.code == code
    with pytest.raises(Forbidden):
        require(action, situation)


standings = st.sampled_from(COLUMNS)
roles = st.sampled_from(ROLES)
actions = st.sampled_from(list(Action))
situations = st.builds(
    Situation, standings, archived=st.booleans(), locked=st.booleans(), target=st.none() | st.sampled_from(COLUMNS)
)


@given(st.text() | st.none() | st.integers(), situations)
def test_an_unknown_action_is_denied_to_everybody(name, situation):
    if name not in set(Action):
        assert not is_allowed(name, situation)
        with pytest.raises(ChatError):
            require(name, situation)


@given(actions, st.text(), st.booleans(), st.booleans())
def test_an_unknown_standing_may_do_nothing(action, name, archived, locked):
    if name not in set(Standing):
        assert not is_allowed(action, Situation(name, archived=archived, locked=locked))  # type: ignore[arg-type]


@given(actions)
def test_an_action_that_is_missing_from_the_table_is_denied(action):
    kept = TABLE.pop(action)
    try:
        assert not any(is_allowed(action, Situation(standing)) for standing in COLUMNS)
    finally:
        TABLE[action] = kept


@given(actions, roles, roles, st.booleans(), st.booleans())
def test_a_higher_role_may_do_whatever_a_lower_one_may(action, one, other, archived, locked):
    higher, lower = sorted((one, other), key=ROLES.index)
    if is_allowed(action, Situation(lower, archived=archived, locked=locked)):
        assert is_allowed(action, Situation(higher, archived=archived, locked=locked))


@given(actions, situations)
def test_archiving_and_locking_never_allow_more(action, situation):
    if is_allowed(action, situation):
        assert is_allowed(action, Situation(situation.standing, target=situation.target))


@given(actions, roles, roles)
def test_nobody_acts_on_a_role_equal_to_or_above_their_own(action, standing, target):
    if ROLES.index(target) <= ROLES.index(standing):
        assert not is_allowed(action, Situation(standing, target=target))
    else:
        assert is_allowed(action, Situation(standing, target=target)) is is_allowed(action, Situation(standing))


@given(standings, standings, standings)
def test_ranks_are_an_order(a, b, c):
    assert not outranks(a, a)
    assert not (outranks(a, b) and outranks(b, a))
    assert not (outranks(a, b) and outranks(b, c)) or outranks(a, c)
