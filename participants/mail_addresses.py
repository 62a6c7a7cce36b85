"""E-mail addresses of participants: which account one leads to, and what is known to be theirs."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Q

from participants.conf import conf
from participants.models import Participant


def username_for(typed: str) -> str:
    """The username that somebody means who signs in with an e-mail address; what is none comes back as it is.

    A verified address leads to whoever verified it, any other to its account if there is only one: so nobody can keep
    somebody out, or be mistaken for them, by writing their address into a profile.
    """
    if "@" not in typed:
        return typed
    verified = EmailAddress.objects.filter(email__iexact=typed, verified=True).values_list("user__username", flat=True)
    claimed = Participant.objects.filter(
        Q(email__iexact=typed) | Q(emailaddress__email__iexact=typed), is_active=True
    ).values_list("username", flat=True)
    holders = list(verified[:2]) or list(claimed.distinct()[:2])
    return holders[0] if len(holders) == 1 else typed


def address_of(participant: Participant) -> EmailAddress | None:
    """The address that mail to them goes to, verified or not."""
    return EmailAddress.objects.filter(user=participant).order_by("-primary").first()


def are_required() -> bool:
    """Whether an account that somebody makes needs an address, and the address to be confirmed."""
    return conf.email_verification == "mandatory"


def is_awaited(participant: Participant) -> bool:
    """Whether they have to confirm an address before they come in; who has none, by whoever made them, has not."""
    found = set(EmailAddress.objects.filter(user=participant).values_list("verified", flat=True))
    return are_required() and found == {False}


def confirmation_send(participant: Participant) -> None:
    """Mail the link that confirms their address."""
    if (address := address_of(participant)) is not None:
        address.send_confirmation(signup=True)


def follow_profile(participant: Participant) -> None:
    """Let the address of a profile be the only one of its account, unverified unless it was verified before."""
    rows = EmailAddress.objects.filter(user=participant)
    rows.exclude(email__iexact=participant.email).delete()
    if participant.email and not rows.filter(email__iexact=participant.email).update(primary=True):
        EmailAddress.objects.create(user=participant, email=participant.email.lower(), primary=True)


def forget_ways_in(participant: Participant) -> None:
    """Drop addresses, connected accounts and second factors of an account that is closed."""
    for model in (EmailAddress, SocialAccount, Authenticator):
        model.objects.filter(user=participant).delete()
