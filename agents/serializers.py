"""What REST takes and shows of agents and runs."""

from typing import Any

from rest_framework import serializers

from agents.lifecycle import Status
from agents.models import Trigger
from conversations.serializers import NameField
from participants.serializers import ParticipantSerializer, StorableCharField

RUN_STATUSES = [(str(status), str(status)) for status in Status]


class AddAgentSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/agents``: an agent's id or username, and what is different about it here."""

    agent = NameField()
    trigger = serializers.ChoiceField(Trigger.choices, required=False)


class StartRunSerializer(serializers.Serializer[Any]):
    """``POST /conversations/{id}/runs``: with ``content`` that is said first, and answered."""

    agent = NameField()
    content = StorableCharField(required=False, trim_whitespace=False)


class AgentSerializer(serializers.Serializer[Any]):
    """An agent."""

    id = serializers.UUIDField()
    participant_id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    trigger = serializers.ChoiceField(Trigger.choices)
    tools = serializers.ListField(child=serializers.CharField())


class RunErrorSerializer(serializers.Serializer[Any]):
    """Why there is no answer."""

    code = serializers.CharField()
    detail = serializers.CharField()


class ContextSerializer(serializers.Serializer[Any]):
    """What of the conversation the agent was shown: from which message to which, how many, and what was left out."""

    first = serializers.IntegerField(allow_null=True)
    last = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()
    cut = serializers.IntegerField(help_text="Older messages that were left out; 1001 means more.")
    shortened = serializers.IntegerField(help_text="Messages whose end was left out.")


class RunSerializer(serializers.Serializer[Any]):
    """A run."""

    run_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    status = serializers.ChoiceField(RUN_STATUSES)
    agent = ParticipantSerializer()
    trigger_sequence_id = serializers.IntegerField(allow_null=True)
    requested_by = serializers.UUIDField(allow_null=True)
    text = serializers.CharField(help_text="So far, or the answer; in lists cut at 32 KiB, with `truncated`.")
    truncated = serializers.BooleanField(required=False)
    steps = serializers.ListField(child=serializers.DictField(), help_text="Entries of the log.")
    model = serializers.CharField()
    tokens = serializers.IntegerField(allow_null=True)
    response_time_ms = serializers.IntegerField(allow_null=True)
    error = RunErrorSerializer(allow_null=True)
    context = ContextSerializer(allow_null=True)  # type: ignore[assignment] # DRF takes fields out of the class
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
