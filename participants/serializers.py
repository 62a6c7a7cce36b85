"""Shapes of what clients send about participants and sign-ins."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from participants import text
from participants.models import Participant


class InputSerializer(serializers.Serializer[Any]):
    """A body whose members may be named in camelCase too (``displayName``)."""

    def to_internal_value(self, data: Any) -> Any:
        """As DRF's; a name in snake_case wins."""
        if isinstance(data, Mapping):
            camel = {name: self._camel(name) for name in map(str, self.fields)}
            data = {name: data[other] for name, other in camel.items() if other in data} | dict(data)
        return super().to_internal_value(data)

    @staticmethod
    def _camel(name: str) -> str:
        first, *others = name.split("_")
        return first + "".join(word.capitalize() for word in others)


class StorableCharField(serializers.CharField):
    """Text, and nothing that only looks like it, that both databases can store: no NUL, no lone surrogates."""

    def to_internal_value(self, data: Any) -> str:
        """The text; raises ValidationError."""
        if not isinstance(data, str):  # DRF would take a number, which a socket refuses
            self.fail("invalid")
        value = super().to_internal_value(data)
        try:
            text.refuse_unstorable(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="unstorable") from error
        return value


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction, as a socket would take it."""

    def to_internal_value(self, data: Any) -> int:
        """The number; raises ValidationError."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class RegisterSerializer(InputSerializer):
    """``POST /auth/register``."""

    username = StorableCharField(max_length=64)
    password = StorableCharField(max_length=1024, trim_whitespace=False)
    display_name = StorableCharField(max_length=80, required=False, allow_blank=True, default="")
    email = serializers.EmailField(required=False, allow_blank=True, default="")


class TokenSerializer(serializers.Serializer[Any]):
    """``POST /auth/token``; ``otp`` is the code of a second factor, where one is on."""

    username = StorableCharField(max_length=254)
    password = StorableCharField(max_length=1024, trim_whitespace=False)
    otp = StorableCharField(max_length=32, required=False, allow_blank=True, default="")


class RefreshSerializer(serializers.Serializer[Any]):
    """``POST /auth/token/refresh`` and ``/auth/logout``."""

    refresh = StorableCharField(max_length=4096)


class PasswordSerializer(serializers.Serializer[Any]):
    """``POST /auth/password``."""

    old = StorableCharField(max_length=1024, trim_whitespace=False)
    new = StorableCharField(max_length=1024, trim_whitespace=False)


class ProfileSerializer(InputSerializer):
    """``PATCH /me``."""

    display_name = StorableCharField(max_length=80, required=False)
    email = serializers.EmailField(required=False, allow_blank=True)


class ParticipantQuery(serializers.Serializer[Any]):
    """``GET /participants``."""

    search = StorableCharField(required=False, default="", allow_blank=True, max_length=120)


class ParticipantSerializer(serializers.Serializer[Any]):
    """A participant as REST shows them (documentation of the shape)."""

    id = serializers.UUIDField()
    participant_id = serializers.UUIDField(help_text="The same as id.")
    username = serializers.CharField()
    display_name = serializers.CharField()
    kind = serializers.ChoiceField(Participant.Kind.choices)
    is_online = serializers.BooleanField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)


class MeSerializer(ParticipantSerializer):
    """One's own profile."""

    email = serializers.EmailField(allow_blank=True)
    created_at = serializers.DateTimeField()


class TokenPairSerializer(serializers.Serializer[Any]):
    """Tokens; ``expires_in`` is the life of ``access`` in seconds."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField()


class RegisteredSerializer(TokenPairSerializer):
    """A new account with its first tokens, which are null where an address has to be confirmed first."""

    access = serializers.CharField(allow_null=True)
    refresh = serializers.CharField(allow_null=True)
    expires_in = serializers.IntegerField(allow_null=True)
    participant = MeSerializer()


class TicketSerializer(serializers.Serializer[Any]):
    """A socket ticket; ``expires_in`` in seconds."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()


class SignInSerializer(serializers.Serializer[Any]):
    """One's own sign-in."""

    id = serializers.UUIDField()
    user_agent = serializers.CharField()
    created_at = serializers.DateTimeField()
    used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField()


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One refused input field."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """``application/problem+json`` (RFC 9457): every refusal of the API."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    error = serializers.CharField(help_text="The same as detail.")
    request_id = serializers.CharField(allow_null=True)
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]
    retry_after = serializers.IntegerField(required=False, help_text="Seconds.")
    limit = serializers.IntegerField(required=False)
