"""The pages that people come in by and that run a conversation, as a browser without scripts uses them."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Invitation, Membership
from participants.models import Participant
from tests.conversations.test_pages import SIGNED_IN, address, browser, text_of
from tests.personas import bring_in, conversation_of, owner_of, person, public_conversation, role_of

pytestmark = pytest.mark.django_db


# --- invitations ------------------------------------------------------------------------------------------------------


def invite(client: Client, conversation: Conversation, **fields: str):
    form = {"role": "member", "expires_in": "86400", "max_uses": "1"} | fields
    return client.post(address(conversation, "-invitations"), form)


def link(conversation: Conversation, **fields: str) -> str:
    """The path of a new invitation."""
    response = invite(browser(owner_of(conversation)), conversation, **fields)
    return reverse("invitation", args=[response.context["made"]["token"]])


def test_a_link_is_shown_once_and_what_is_asked_for_holds():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    made = invite(client, conversation, role="observer", max_uses="3", allow_guests="on")
    token = made.context["made"]["token"]
    assert token in text_of(made)
    assert token not in text_of(client.get(address(conversation, "-invitations")))
    row = Invitation.objects.get()
    assert (row.role, row.max_uses, row.allow_guests) == ("observer", 3, True)
    client.post(reverse("conversation-invitation-revoke", args=[conversation.pk, row.pk]))
    assert client.get(reverse("invitation", args=[token])).status_code == 410


@pytest.mark.parametrize("fields", [{"role": "owner"}, {"role": "x"}, {"max_uses": "0"}, {"expires_in": "1"}])
def test_an_invitation_that_cannot_be_is_refused_and_what_was_typed_kept(fields):
    ada = person()
    conversation = conversation_of(ada)
    page = invite(browser(ada), conversation, **{"max_uses": "7"} | fields)
    assert not Invitation.objects.exists()
    assert next(iter(page.context["form"].errors)) in fields
    assert page.context["form"]["max_uses"].value() == fields.get("max_uses", "7")


def test_members_neither_see_nor_make_invitations():
    conversation = conversation_of(person())
    client = browser(bring_in(conversation))
    assert address(conversation, "-invitations") not in text_of(client.get(address(conversation)))
    assert client.get(address(conversation, "-invitations")).status_code == 403
    assert invite(client, conversation).status_code == 403


def test_an_invitation_says_to_what_and_by_whom_and_leads_strangers_back_to_it():
    conversation = conversation_of(person(display_name="Ada & Co"), title="Tea <at> five")
    path = link(conversation)
    text = text_of(Client(headers={"accept": "text/html"}).get(path))
    assert "Ada &amp; Co" in text
    assert "Tea &lt;at&gt; five" in text
    for way in ("sign-in", "sign-up"):
        assert f"{reverse(way)}?next={path.replace('/', '%2F')}" in text
    assert reverse("invitation-guest", args=["x"])[-6:] not in text


def test_whoever_is_signed_in_joins_by_the_form_and_members_just_go_in():
    conversation = conversation_of(person())
    path = link(conversation)
    grace = person(display_name="Grace")
    client = browser(grace)
    assert "Join as" in text_of(client.get(path))
    assert not Membership.objects.filter(participant=grace).exists()
    assert client.post(path).headers["Location"] == address(conversation)
    assert Membership.objects.get(participant=grace).joined_via is not None
    assert client.get(path).status_code == 410


def test_a_stranger_is_not_let_in_by_posting():
    conversation = conversation_of(person())
    path = link(conversation)
    assert Client(headers={"accept": "text/html"}).post(path).headers["Location"] == path
    assert conversation.memberships.count() == 1


@pytest.mark.parametrize("allowed", [True, False])
def test_guests_come_in_where_the_invitation_allows_them(allowed):
    conversation = conversation_of(person())
    path = link(conversation, **({"allow_guests": "on"} if allowed else {}))
    client = Client(headers={"accept": "text/html"})
    answer = client.post(f"{path}/guest", {"display_name": "Gustav"})
    assert answer.status_code == (302 if allowed else 403)
    assert Membership.objects.filter(participant__kind="guest").count() == allowed
    assert client.get(address(conversation)).status_code == (200 if allowed else 302)


def test_what_is_no_invitation_is_told_as_a_page():
    page = browser(person()).get("/i/nothing")
    assert page.status_code == 404
    assert "error.html" in [template.name for template in page.templates]


# --- keeping order ----------------------------------------------------------------------------------------------------


def do(client: Client, conversation: Conversation, who: Participant, deed: str, **fields: str):
    return client.post(reverse(f"conversation-participant-{deed}", args=[conversation.pk, who.pk]), fields)


def test_an_owner_does_everything_by_forms():
    ada, grace = person(), person()
    conversation = conversation_of(ada, grace)
    client = browser(ada)
    membership = Membership.objects.filter(participant=grace)
    do(client, conversation, grace, "role", role="moderator")
    assert membership.get().role == "moderator"
    do(client, conversation, grace, "mute", seconds="3600")
    assert membership.get().muted_until is not None
    do(client, conversation, grace, "unmute")
    assert membership.get().muted_until is None
    do(client, conversation, grace, "ban")
    assert not membership.exists()
    assert "Lift the ban" in text_of(client.get(address(conversation, "-participants")))
    do(client, conversation, grace, "unban")
    bring_in(conversation, who=grace)
    do(client, conversation, grace, "remove")
    assert not membership.exists()
    bring_in(conversation, who=grace)
    do(client, conversation, grace, "hand-over")
    assert (owner_of(conversation), role_of(conversation, ada)) == (grace, "admin")


DEEDS_BY_ROLE = {
    "owner": {"role", "mute", "remove", "ban", "hand-over"},
    "admin": {"role", "mute", "remove", "ban"},
    "moderator": {"mute", "remove"},
    "member": set(),
    "observer": set(),
}


@pytest.mark.parametrize("role", DEEDS_BY_ROLE)
def test_only_what_is_allowed_is_offered_and_the_rest_is_refused(role):
    conversation = conversation_of(person())
    bob = bring_in(conversation)
    viewer = owner_of(conversation) if role == "owner" else bring_in(conversation, role)
    client = browser(viewer)
    text = text_of(client.get(address(conversation, "-participants")))
    for deed in ("role", "mute", "remove", "ban", "hand-over"):
        offered = reverse(f"conversation-participant-{deed}", args=[conversation.pk, bob.pk]) in text
        assert offered == (deed in DEEDS_BY_ROLE[role]), deed
        own = reverse(f"conversation-participant-{deed}", args=[conversation.pk, viewer.pk])
        assert own not in text
        if not offered:
            refused = do(client, conversation, bob, deed, role="observer", seconds="3600")
            assert refused.status_code == 403
            assert 'role="alert"' in text_of(refused)
    assert role_of(conversation, bob) == "member"


def test_settings_are_changed_by_the_form_and_refusals_keep_what_was_typed():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    form = {
        "title": "Coffee",
        "visibility": "public",
        "history": "from_join",
        "max_participants": "7",
        "slow_mode_s": "30",
    }
    assert client.post(address(conversation, "-settings"), form).status_code == 302
    conversation.refresh_from_db()
    assert {name: str(getattr(conversation, name)) for name in form} == form
    refused = client.post(address(conversation, "-settings"), form | {"title": "Milk", "slow_mode_s": "21601"})
    assert refused.context["form"]["title"].value() == "Milk"
    conversation.refresh_from_db()
    assert conversation.title == "Coffee"


@pytest.mark.parametrize(("role", "locks", "archives"), [("moderator", True, False), ("member", False, False)])
def test_locking_and_archiving_are_for_whom_the_policy_says(role, locks, archives):
    conversation = conversation_of(person())
    client = browser(bring_in(conversation, role))
    for name, allowed in (("locked", locks), ("archived", archives)):
        answer = client.post(address(conversation, "-switch"), {"name": name, "value": "on"})
        assert answer.status_code == (302 if allowed else 403)
    conversation.refresh_from_db()
    assert (conversation.locked, conversation.archived_at is not None) == (locks, archives)


def test_the_standing_is_told_with_the_reason_and_its_end():
    ada, grace = person(), person()
    conversation = conversation_of(ada, grace)
    client = browser(grace)
    standing = client.get(address(conversation, "-standing")).json()
    assert (standing["can_send"], standing["detail"], standing["ends_at"]) == (True, None, None)
    assert (standing["role"], standing["may"]["react"], standing["may"]["pin"]) == ("member", True, False)
    assert not any(standing["over"].values())
    of_owner = browser(ada).get(address(conversation, "-standing")).json()
    assert of_owner["over"] == {
        "owner": [],
        **{role: ["remove", "ban", "mute", "change_role"] for role in ("admin", "moderator", "member", "observer")},
    }
    do(browser(ada), conversation, grace, "mute", seconds="3600")
    muted = client.get(address(conversation, "-standing")).json()
    assert (muted["can_send"], bool(muted["ends_at"])) == (False, True)
    assert "muted" in muted["detail"]
    page = client.get(address(conversation)).content.decode()
    assert 'id="composer"' not in page
    ends = Membership.objects.get(conversation=conversation, participant=grace).muted_until
    assert f'You can write again from <time datetime="{ends:%Y-%m-%dT%H:%M:%S}' in page


@pytest.mark.parametrize("part", ["-participants", "-invitations", "-settings", "-switch", "-standing"])
def test_outsiders_do_not_run_a_conversation(part):
    conversation = public_conversation()
    client = browser(person())
    assert client.get(address(conversation, part), follow=True).status_code == 403


@pytest.mark.parametrize("many", [1, 12])
def test_running_a_conversation_costs_the_same_however_many_there_are(many, django_assert_num_queries):
    ada = person()
    conversation = conversation_of(ada, *(person() for _ in range(many)))
    client = browser(ada)
    for _ in range(many):
        invite(client, conversation)
        do(client, conversation, person(), "ban")
    for part, queries in (("-participants", 4), ("-invitations", 2), ("-settings", 1), ("-standing", 0)):
        with django_assert_num_queries(SIGNED_IN + queries):
            assert client.get(address(conversation, part)).status_code == 200
