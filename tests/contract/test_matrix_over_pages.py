"""The forms of the pages against the same table as REST and sockets: the same refusal, cell by cell.

Forms answer browsers, so three things read otherwise: done is a redirect (or the page itself), whoever is not signed in
is led to the sign-in, and whoever is in already goes in.
"""

from html import unescape
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tests.contract.matrix import ACTORS, STATES, Answer, expected
from tests.contract.world import SETTINGS, World, undone

pytestmark = pytest.mark.django_db

DONE, SIGN_IN = Answer(200), Answer(401)
# There is no form for reading by number, for bringing in by name, and for deleting a message or a conversation.
SWITCHES = {
    "lock": ("locked", "on"),
    "unlock": ("locked", "off"),
    "archive": ("archived", "on"),
    "unarchive": ("archived", "off"),
}
MEMBER_FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "remove": ("remove", {}),
    "mute": ("mute", {"seconds": "3600"}),
    "unmute": ("unmute", {}),
    "ban": ("ban", {}),
    "change role": ("role", {"role": "observer"}),
    "hand over": ("hand-over", {}),
}
OTHERS = (
    "read participants", "mark read", "join", "accept", "leave", "send", "invite", "list invitations", "revoke",
    "ban outsider", "unban",
)  # fmt: skip
FORMS = (*OTHERS, *MEMBER_FORMS, *SWITCHES, *(set(SETTINGS) - set(SWITCHES)))
INVITATION = {"role": "observer", "expires_in": "3600", "max_uses": "1"}


def browser_of(world: World, actor: str) -> Client:
    """Whoever is deactivated was signed in before that."""
    client = Client(headers={"accept": "text/html"}, raise_request_exception=False)
    if actor in world.people:
        client.force_login(world.people[actor])
    return client


def request(world: World, client: Client, action: str) -> Any:
    """What a browser sends for an action."""
    page = f"/c/{world.conversation.pk}"
    if action in MEMBER_FORMS:
        deed, fields = MEMBER_FORMS[action]
        return client.post(f"{page}/participants/{world.target.pk}/{deed}", fields)
    if action in SWITCHES:
        name, value = SWITCHES[action]
        return client.post(f"{page}/switch", {"name": name, "value": value})
    if action in SETTINGS:
        shown = {"title": "Tea", "visibility": "private", "history": "all", "max_participants": "100"}
        return client.post(f"{page}/settings", shown | {"slow_mode_s": "0"} | SETTINGS[action])
    if action == "read participants":
        return client.get(f"{page}/participants")
    if action == "list invitations":
        return client.get(f"{page}/invitations")
    path, fields = {
        "mark read": ("read", {"sequence": "3"}),
        "join": ("join", {}),
        "leave": ("leave", {}),
        "send": ("send", {"content": "x"}),
        "invite": ("invitations", INVITATION),
        "revoke": (f"invitations/{world.invitation.pk}/revoke", {}),
        "ban outsider": (f"participants/{world.spare.pk}/ban", {}),
        "unban": (f"participants/{world.people['banned'].pk}/unban", {}),
        "accept": ("", {}),
    }[action]
    return client.post(f"/i/{world.token}" if action == "accept" else f"{page}/{path}", fields)


def answer_of(response: Any) -> Answer:
    """What the table can be compared with; a refusal is shown in words."""
    if response.status_code == 302:
        path = urlsplit(response.headers["Location"]).path
        return SIGN_IN if path == "/sign-in" or path.startswith("/i/") else DONE  # an invitation's page leads there
    if response.status_code < 300:
        form = response.context.get("form")
        return Answer(400, str(form.errors.as_data())) if form is not None and form.errors else DONE
    error = response.context.get("error") or response.context.get("refusal")
    if error is None:
        (error,) = (error for errors in response.context["form"].errors.as_data().values() for error in errors)
    words = error.messages[0] if isinstance(error, ValidationError) else error.detail
    is_shown = words in unescape(response.content.decode())
    return Answer(response.status_code, error.code if is_shown else "not shown")


def on_page(actor: str, answer: Answer) -> Answer:
    """How a page gives an answer of the table; no browser is signed in as an agent."""
    if answer.status == 401 or actor == "agent":
        return SIGN_IN
    return DONE if answer.status < 400 or answer.code == "already_participant" else answer


@pytest.mark.parametrize("state", STATES)
def test_every_form_is_answered_as_the_table_says(state: str) -> None:
    world, wrong = World(state), {}
    browsers = {actor: browser_of(world, actor) for actor in ACTORS}
    for actor, action in product(ACTORS, sorted(FORMS)):
        with undone():
            given = answer_of(request(world, browsers[actor], action))
        if given != (wanted := on_page(actor, expected(actor, action, state))):
            wrong[actor, action] = (given, wanted)
    assert not wrong, "\n".join(f"{cell}: {given} {wanted}" for cell, (given, wanted) in wrong.items())
