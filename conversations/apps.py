"""App configuration."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """What was said."""

    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register system checks; let go of participants who close their account."""
        from conversations import checks  # noqa: F401
        from conversations.services.drafts import forget_unsent
        from conversations.services.memberships import leave_every_conversation
        from participants import services

        services.account_closing.extend([leave_every_conversation, forget_unsent])
