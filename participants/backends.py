"""How Django's own sign-in (pages, admin) finds a participant."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class ParticipantBackend(ModelBackend):
    """Username and password of an active participant; agents cannot sign in."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether this account may come in at all."""
        return super().user_can_authenticate(user) and getattr(user, "is_person", False)
