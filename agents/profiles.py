"""What an answerer needs of an agent's rows, read in one thread hop before each answer."""

from dataclasses import dataclass
from uuid import UUID

from agents.failures import Code, failure
from agents.models import Agent


@dataclass(frozen=True, slots=True)
class ServerOfTools:
    """One MCP server, as its row says (see :class:`agents.models.McpServer`)."""

    name: str
    command: str
    arguments: tuple[str, ...]
    environment: tuple[str, ...]
    url: str
    token_variable: str
    tools: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """Who answers: ``name`` as people see it, where its model is, and its servers of tools."""

    name: str
    username: str
    base_url: str = ""
    api_key_variable: str = ""
    servers: tuple[ServerOfTools, ...] = ()


def profile_of(agent: UUID) -> Profile:
    """The agent's profile. Raises AnswerFailed for one that is not there."""
    row = Agent.objects.select_related("participant").filter(pk=agent).first()
    if row is None:
        raise failure(Code.NOT_CONFIGURED)
    servers = row.mcp_servers.filter(is_enabled=True)
    return Profile(
        name=row.participant.display_name or row.participant.username,
        username=row.participant.username,
        base_url=row.base_url,
        api_key_variable=row.api_key_variable,
        servers=tuple(
            ServerOfTools(
                name=server.name,
                command=server.command if server.transport == server.Transport.STDIO else "",
                arguments=tuple(server.arguments),
                environment=tuple(server.environment),
                url=server.url if server.transport == server.Transport.HTTP else "",
                token_variable=server.token_variable,
                tools=frozenset(server.tools),
            )
            for server in servers
        ),
    )
