"""The command that sockets take about runs. Pure."""

from typing import Literal

from realtime.frames import Command, Id


class CancelRun(Command):
    """Stop a run: one's own, or by whoever may stop any."""

    type: Literal["cancel_run"]
    run_id: Id
