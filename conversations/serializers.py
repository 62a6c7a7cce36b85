"""Shapes of what clients send about conversations, and (for the documentation) of what they get."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.conf import conf
from conversations.models import DESCRIPTION_LENGTH, TITLE_LENGTH, Conversation
from conversations.policy import ROLES
from participants.models import Participant
from participants.selectors import find_participants
from participants.serializers import ParticipantSerializer, StorableCharField, StrictIntegerField

ROLE_CHOICES = [(str(role), str(role)) for role in ROLES]
MESSAGE_STATUSES = ["delivered"]
MESSAGE_ROLES = [(role, role) for role in ("user", "assistant", "system")]


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 64, "description": "An id or a username."},
            {
                "type": "object",
                "properties": {"user_id": {"type": "string"}, "name": {"type": "string"}},
                "required": ["user_id"],
            },
        ]
    }
)
class NameField(serializers.Field[Any, Any, Any, Any]):
    """A participant by id, username or ``{user_id, name}``."""

    def to_internal_value(self, data: Any) -> str:
        """The id or username as text."""
        if isinstance(data, dict):
            data = data.get("user_id") or data.get("id") or data.get("username")
        if not isinstance(data, str) or not data or len(data) > 64 or "\0" in data:
            raise serializers.ValidationError("Give an id, a username or {user_id, name}.")
        return data

    def to_representation(self, value: Any) -> Any:
        """Not used: input only."""
        return value


def found_participants(names: list[str], field: str, kind: str | None = None) -> list[Participant]:
    """The active participants of those names; raises ValidationError naming ``field`` for one that is not there."""
    found = find_participants(names)
    missing = [name for name in names if name not in found or (kind and found[name].kind != kind)]
    if missing:
        raise serializers.ValidationError(
            {field: [serializers.ErrorDetail(f"There is no such participant: {missing[0]}", code="not_found")]}
        )
    return [found[name] for name in names]


class SettingsSerializer(serializers.Serializer[Any]):
    """``PATCH /conversations/{id}``: each field by its own right."""

    title = StorableCharField(max_length=TITLE_LENGTH, required=False)
    description = StorableCharField(max_length=DESCRIPTION_LENGTH, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(Conversation.Visibility.choices, required=False)
    history = serializers.ChoiceField(Conversation.History.choices, required=False)
    metadata = serializers.DictField(required=False)
    max_participants = serializers.IntegerField(min_value=1, required=False)
    retention_days = serializers.IntegerField(min_value=1, max_value=36_500, required=False, allow_null=True)
    archived = serializers.BooleanField(required=False)
    locked = serializers.BooleanField(required=False)
    slow_mode_s = serializers.IntegerField(min_value=0, max_value=21_600, required=False)


class CreateSerializer(serializers.Serializer[Any]):
    """``POST /conversations``."""

    title = StorableCharField(max_length=TITLE_LENGTH)
    description = StorableCharField(max_length=DESCRIPTION_LENGTH, required=False, allow_blank=True, default="")
    visibility = serializers.ChoiceField(Conversation.Visibility.choices, default=Conversation.Visibility.PRIVATE)
    history = serializers.ChoiceField(Conversation.History.choices, default=Conversation.History.ALL)
    max_participants = serializers.IntegerField(min_value=1, required=False)
    metadata = serializers.DictField(required=False, default=dict)
    participants = serializers.ListField(child=NameField(), required=False, default=list)
    agents = serializers.ListField(child=NameField(), required=False, default=list)
    enable_ai = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Turn names into participants; raises ValidationError for unknown ones and for too many."""
        agents = attrs.pop("agents")
        if attrs.pop("enable_ai"):
            agents.append(conf.default_agent)
        people = attrs["participants"]
        if len(people) > conf.initial_participants:
            raise serializers.ValidationError(
                {"participants": [f"Name {conf.initial_participants} at most; add the others afterwards."]}
            )
        attrs["participants"] = [
            *(found_participants(people, "participants") if people else []),
            *(found_participants(agents, "agents", Participant.Kind.AGENT) if agents else []),
        ]
        return attrs


class ShortCreateSerializer(CreateSerializer):
    """``POST /chat/create``: as above; ``sites`` and ``mode`` go into the metadata."""

    title = StorableCharField(max_length=TITLE_LENGTH, required=False, default="Conversation")
    sites = serializers.JSONField(required=False)
    mode = StorableCharField(max_length=64, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """As above."""
        extra = {name: attrs.pop(name) for name in ("sites", "mode") if name in attrs}
        attrs["metadata"] = attrs["metadata"] | extra
        return super().validate(attrs)


class SendSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/messages``. Lengths are the service's to check (413, not 400)."""

    content = StorableCharField(trim_whitespace=False, allow_blank=True, required=False, default="")
    message_id = StorableCharField(required=False, trim_whitespace=False)
    reply_to = serializers.UUIDField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False)
    attachments = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)


class EditSerializer(serializers.Serializer[Any]):
    """``PATCH /messages/{id}``."""

    content = StorableCharField(trim_whitespace=False, allow_blank=True)


class ReadSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/read``."""

    sequence_id = StrictIntegerField(min_value=0, max_value=2**53)


class AddSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/participants``."""

    participant = NameField()
    role = serializers.ChoiceField(ROLE_CHOICES, required=False)


class RoleSerializer(serializers.Serializer[Any]):
    """``PATCH /conversations/{id}/participants/{participant_id}``."""

    role = serializers.ChoiceField(ROLE_CHOICES)


class JoinSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/join``."""

    invitation = StorableCharField(max_length=200, required=False, allow_null=True)


class InviteSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/invitations``; ``expires_in`` in seconds."""

    role = serializers.ChoiceField(ROLE_CHOICES[1:], required=False)
    expires_in = serializers.IntegerField(required=False, default=86_400)
    max_uses = serializers.IntegerField(required=False, default=10)
    allow_guests = serializers.BooleanField(required=False, default=False)


class GuestSerializer(serializers.Serializer[Any]):
    """``POST /auth/guest``."""

    invitation = StorableCharField(max_length=200)
    display_name = StorableCharField(max_length=80)


class MuteSerializer(serializers.Serializer[Any]):
    """``PUT /conversations/{id}/mutes/{participant_id}``."""

    participant_id = serializers.UUIDField(read_only=True)
    until = serializers.DateTimeField()


class MessagePageQuery(serializers.Serializer[Any]):
    """Which messages: sequence numbers."""

    before = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    around = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    limit = serializers.IntegerField(required=False, default=50, min_value=1)


class EventPageQuery(serializers.Serializer[Any]):
    """Which entries of the log."""

    after = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    limit = serializers.IntegerField(required=False, default=100, min_value=1)


class ExportQuery(serializers.Serializer[Any]):
    """How to write a log."""

    format = serializers.ChoiceField(["jsonl", "markdown"], required=False, default="jsonl")


class SearchQuery(serializers.Serializer[Any]):
    """What to look for, and where. Times are RFC 3339."""

    q = StorableCharField(max_length=1000, help_text='Words; "in this order", -without, or.')
    conversation = serializers.UUIDField(required=False)
    author = StorableCharField(required=False, max_length=64, help_text="An id or a username.")
    before = serializers.DateTimeField(required=False)
    after = serializers.DateTimeField(required=False)


class ListQuery(serializers.Serializer[Any]):
    """Which conversations."""

    scope = serializers.ChoiceField(["mine", "public"], required=False, default="mine")
    search = StorableCharField(required=False, default="", allow_blank=True, max_length=120)
    archived = serializers.BooleanField(required=False, default=False)


# --- what clients get -------------------------------------------------------------------------------------------------


class MemberSerializer(ParticipantSerializer):
    """A participant inside a conversation."""

    role = serializers.ChoiceField(ROLE_CHOICES)
    joined_at = serializers.DateTimeField()
    last_read_sequence_id = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What an outsider gets of a public conversation."""

    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField(help_text="The same as id.")
    title = serializers.CharField()
    description = serializers.CharField()
    visibility = serializers.ChoiceField(Conversation.Visibility.choices)
    history = serializers.ChoiceField(Conversation.History.choices)
    mode = serializers.ChoiceField(["single", "multi"])
    archived_at = serializers.DateTimeField(allow_null=True)
    locked = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    participant_count = serializers.IntegerField()
    max_participants = serializers.IntegerField()


class SummarySerializer(PreviewSerializer):
    """A member's own list row."""

    slow_mode_s = serializers.IntegerField(help_text="Seconds.")
    updated_at = serializers.DateTimeField()
    metadata = serializers.DictField()
    last_sequence_id = serializers.IntegerField()
    unread_count = serializers.IntegerField(help_text="Exact to 1,000; 1001 means more.")
    mention_count = serializers.IntegerField(help_text="Exact to 1,000; 1001 means more.")
    last_message_preview = serializers.CharField(allow_null=True)


class ListedSerializer(PreviewSerializer):
    """A row of a list: with `scope=public` what an outsider gets, else all of it."""

    slow_mode_s = serializers.IntegerField(required=False, help_text="Seconds.")
    updated_at = serializers.DateTimeField(required=False)
    metadata = serializers.DictField(required=False)
    last_sequence_id = serializers.IntegerField(required=False)
    unread_count = serializers.IntegerField(required=False, help_text="Exact to 1,000; 1001 means more.")
    mention_count = serializers.IntegerField(required=False, help_text="Exact to 1,000; 1001 means more.")
    last_message_preview = serializers.CharField(required=False, allow_null=True)


class MessageSerializer(serializers.Serializer[Any]):
    """A message as it is now."""

    type = serializers.ChoiceField(["message"])
    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    sequence_id = serializers.IntegerField()
    message_id = serializers.CharField(help_text="The author's own key.")
    role = serializers.ChoiceField(MESSAGE_ROLES)
    participant = ParticipantSerializer(allow_null=True, help_text="Null in what the site announces.")
    sender_id = serializers.UUIDField(allow_null=True)
    content = serializers.CharField(allow_null=True)
    html = serializers.CharField(allow_null=True)
    reply_to = serializers.UUIDField(allow_null=True)
    mentions = serializers.ListField(child=serializers.UUIDField())
    reactions = serializers.ListField(child=serializers.DictField())
    attachments = serializers.ListField(child=serializers.DictField())
    metadata = serializers.DictField()
    status = serializers.ChoiceField(MESSAGE_STATUSES)
    created_at = serializers.DateTimeField()
    timestamp = serializers.DateTimeField(help_text="The same as created_at.")
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField()
    truncated = serializers.BooleanField(required=False)
    content_length = serializers.IntegerField(required=False)
    duplicate = serializers.BooleanField(required=False)
    run_id = serializers.UUIDField(required=False, help_text="Of an agent's answer, like the three below.")
    model = serializers.CharField(required=False, allow_null=True)
    tokens = serializers.IntegerField(required=False, allow_null=True)
    response_time_ms = serializers.IntegerField(required=False, allow_null=True)


class UploadSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/attachments``, as multipart/form-data."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    url = serializers.CharField(help_text="Where it is; a picture has a thumbnail below it at /thumbnail.")


class DraftSerializer(serializers.Serializer[Any]):
    """``PUT /conversations/{id}/draft``."""

    content = StorableCharField(trim_whitespace=False, allow_blank=True)
    reply_to = serializers.UUIDField(required=False, allow_null=True)


class KeptDraftSerializer(DraftSerializer):
    """A draft as it is kept."""

    conversation_id = serializers.UUIDField()
    updated_at = serializers.DateTimeField(allow_null=True)


class FiguresSerializer(serializers.Serializer[Any]):
    """Figures of a conversation, or of the site."""

    human_messages = serializers.IntegerField()
    ai_messages = serializers.IntegerField()
    total_messages = serializers.IntegerField()
    participant_count = serializers.IntegerField()
    online_count = serializers.IntegerField(allow_null=True)
    connection_count = serializers.IntegerField(allow_null=True)
    tokens = serializers.IntegerField()


class RevisionSerializer(serializers.Serializer[Any]):
    """A former text of a message."""

    content = serializers.CharField()
    replaced_at = serializers.DateTimeField()


class FoundSerializer(MessageSerializer):
    """A message that answers a question."""

    highlight = serializers.CharField(help_text="A piece of it as HTML: escaped, what was asked for in <mark>.")


class DetailSerializer(SummarySerializer):
    """A conversation for its members."""

    first_sequence_id = serializers.IntegerField()
    participants = MemberSerializer(many=True)
    messages = MessageSerializer(many=True)


class HistorySerializer(serializers.Serializer[Any]):
    """A page of messages, ascending."""

    messages = MessageSerializer(many=True)
    has_more = serializers.BooleanField()
    first_sequence_id = serializers.IntegerField()
    current_sequence_id = serializers.IntegerField()


class EventPageSerializer(serializers.Serializer[Any]):
    """A page of the log, ascending: the frames that a socket gets."""

    events = serializers.ListField(child=serializers.DictField())
    has_more = serializers.BooleanField()
    first_sequence_id = serializers.IntegerField()
    current_sequence_id = serializers.IntegerField()


class JoinedSerializer(serializers.Serializer[Any]):
    """The answer to joining."""

    success = serializers.BooleanField()
    conversation = DetailSerializer()


class SuccessSerializer(serializers.Serializer[Any]):
    """The answer to leaving."""

    success = serializers.BooleanField()


class ReadMarkSerializer(serializers.Serializer[Any]):
    """The read marker as it is now."""

    last_read_sequence_id = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class InvitationSerializer(serializers.Serializer[Any]):
    """An invitation; ``token`` and ``url`` only as it is made."""

    id = serializers.UUIDField()
    token = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    role = serializers.ChoiceField(ROLE_CHOICES)
    expires_at = serializers.DateTimeField()
    max_uses = serializers.IntegerField()
    uses = serializers.IntegerField()
    allow_guests = serializers.BooleanField()


class InvitationPreviewSerializer(serializers.Serializer[Any]):
    """What an invitation leads to."""

    title = serializers.CharField()
    description = serializers.CharField()
    inviter = ParticipantSerializer()
    participant_count = serializers.IntegerField()
    role = serializers.ChoiceField(ROLE_CHOICES)
    expires_at = serializers.DateTimeField()
    allow_guests = serializers.BooleanField()


class JoinedMemberSerializer(MemberSerializer):
    """A new member; ``joined_via`` is the invitation's id."""

    joined_via = serializers.UUIDField(allow_null=True)


class AcceptedSerializer(JoinedSerializer):
    """The answer to accepting an invitation."""

    membership = JoinedMemberSerializer()


class BanSerializer(serializers.Serializer[Any]):
    """A ban."""

    participant = ParticipantSerializer()
    created_at = serializers.DateTimeField()
