"""What the command does."""

from uuid import UUID

from agents.frames import CancelRun
from agents.services import runs
from realtime import database
from realtime.socket import Socket


async def cancel_run(socket: Socket, command: CancelRun, conversation: UUID) -> None:
    """Stop a run of this conversation."""
    await database.run(
        runs.run_cancel, actor=socket.credential.participant, run_id=command.run_id, conversation_id=conversation
    )
