"""How Django's own sign-in finds a participant; every way in ends here."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from participants.hashing import hashing
from participants.models import Participant


class ParticipantBackend(ModelBackend):
    """Username and password of an active participant; agents cannot sign in."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Participant | None:
        """Who it is, or None; an unknown name takes the time of a known one."""
        if username is None or password is None:
            return None
        participant = Participant.objects.filter(username__iexact=username).first()
        with hashing():
            if participant is None:
                Participant().set_password(password)
                return None
            is_right = participant.check_password(password)
        return participant if is_right and self.user_can_authenticate(participant) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether this account may come in at all."""
        return super().user_can_authenticate(user) and getattr(user, "is_person", False)
