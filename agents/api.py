"""REST of agents and runs. Views parse, call one service and present."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from agents import presentation, selectors, serializers
from agents.services import members, runs
from participants.api import PAGING, validated
from participants.authentication import SignedInRequest, require_self
from participants.models import Participant
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of


def run_for(reader: Participant, run_id: UUID) -> dict[str, Any]:
    """One run as it is now, whole."""
    return selectors.run_objects([selectors.get_run_for(reader, run_id)], whole=True)[0]


AGENTS = page_of("agents", serializers.AgentSerializer)


class AgentListView(APIView):
    """The agents of this site."""

    @extend_schema(parameters=PAGING, responses={200: AGENTS})
    def get(self, request: SignedInRequest) -> Response:
        """Those that can be brought into conversations."""
        return Pagination().page(selectors.agents_available(), request, "agents", presentation.agent_object)


class MemberAgentViewSet(ViewSet):
    """Agents in a conversation."""

    @extend_schema(
        parameters=PAGING,
        responses={200: AGENTS, 403: PROBLEM, 404: PROBLEM},
    )
    def list(self, request: SignedInRequest, pk: UUID) -> Response:
        """Those that are in, each with what triggers it here."""
        rows = selectors.agents_of(request.user, pk)
        return Pagination().page(
            rows, request, "agents", lambda row: presentation.agent_object(row, trigger=row.trigger_own or "")
        )

    @extend_schema(
        request=serializers.AddAgentSerializer,
        responses={201: serializers.AgentSerializer, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def create(self, request: SignedInRequest, pk: UUID) -> Response:
        """Bring one in."""
        body = validated(serializers.AddAgentSerializer, request)
        agent = selectors.get_agent(body["agent"])
        trigger = body.get("trigger", "")
        members.agent_add(actor=request.user, conversation_id=pk, agent=agent, trigger=trigger)
        return Response(presentation.agent_object(agent, trigger=trigger), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def destroy(self, request: SignedInRequest, pk: UUID, agent_id: UUID) -> Response:
        """Take one out."""
        members.agent_remove(actor=request.user, conversation_id=pk, agent_id=agent_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RunViewSet(ViewSet):
    """Runs of a conversation."""

    @extend_schema(
        parameters=PAGING, responses={200: page_of("runs", serializers.RunSerializer), 403: PROBLEM, 404: PROBLEM}
    )
    def list(self, request: SignedInRequest, pk: UUID) -> Response:
        """Newest first."""
        page = Pagination()
        rows = page.paginate_queryset(selectors.runs_of(request.user, pk), request) or []
        return page.respond("runs", selectors.run_objects(rows))

    @extend_schema(
        request=serializers.StartRunSerializer,
        responses={202: serializers.RunSerializer, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM},
    )
    def create(self, request: SignedInRequest, pk: UUID) -> Response:
        """Let an agent answer the newest message, or what is said with it."""
        body = validated(serializers.StartRunSerializer, request)
        agent = selectors.get_agent(body["agent"])
        run = runs.run_start(actor=request.user, conversation_id=pk, agent=agent, content=body.get("content"))
        return Response(run_for(request.user, run.pk), status=status.HTTP_202_ACCEPTED)


class RunView(APIView):
    """One run."""

    @extend_schema(responses={200: serializers.RunSerializer, 404: PROBLEM})
    def get(self, request: SignedInRequest, run_id: UUID) -> Response:
        """With its steps and the whole of its text so far."""
        return Response(run_for(request.user, run_id))


class CancelView(APIView):
    """Stopping a run."""

    @extend_schema(request=None, responses={202: serializers.RunSerializer, 403: PROBLEM, 404: PROBLEM})
    def post(self, request: SignedInRequest, run_id: UUID) -> Response:
        """One's own, or any by who may; one that has ended stays as it is."""
        require_self(request.data, request.user)
        runs.run_cancel(actor=request.user, run_id=run_id)
        return Response(run_for(request.user, run_id), status=status.HTTP_202_ACCEPTED)
