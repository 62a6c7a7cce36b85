"""App configuration."""

from django.apps import AppConfig


class ParticipantsConfig(AppConfig):
    """Who takes part."""

    name = "participants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register system checks and the sign-in receivers; forget how to reach whoever closes their account."""
        from participants import checks, mail_addresses, receivers, services  # noqa: F401

        services.account_closing.append(mail_addresses.forget_ways_in)
