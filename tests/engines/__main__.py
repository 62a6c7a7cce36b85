"""Run a command with its own PostgreSQL and Valkey: `python -m tests.engines [--shards N] -- command argument…`.

The command sees DATABASE_URL and REDIS_URL. Its exit status is returned; the engines end with it, whatever ends it.
"""

import argparse
import os
import signal
import subprocess
import sys
from types import FrameType

from tests.engines.pair import running_engines
from tests.engines.process import die_with_parent

COMMAND_STOP_SECONDS = 30.0
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A signal asks us to end; the number is the argument."""

    @property
    def signal_number(self) -> int:
        """The number of the signal."""
        return int(self.args[0])


def interrupt(signal_number: int, _frame: FrameType | None) -> None:
    """Turn the first ending signal into an exception and ignore the rest, so that teardown is not cut short."""
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted(signal_number)


def run_command(command: list[str], environment: dict[str, str]) -> int:
    """Run the command to its end; returns its exit status as a shell would tell it."""
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads are in the way
    )
    try:
        status = process.wait()
    except Interrupted as interrupted:
        # A terminal has already sent its Ctrl-C to the whole foreground group.
        if interrupted.signal_number != signal.SIGINT or not os.isatty(0):
            process.send_signal(interrupted.signal_number)
        try:
            status = process.wait(COMMAND_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    return status if status >= 0 else 128 - status


def main() -> int:
    """Parse the command line, start the engines, run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    parser.add_argument("--shards", type=int, default=1, help="Valkey servers in REDIS_URL (1)")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    die_with_parent(signal.SIGTERM)
    for number in ENDING_SIGNALS:
        signal.signal(number, interrupt)
    try:
        with running_engines(arguments.shards) as engines:
            return run_command(arguments.command, engines.environment)
    except Interrupted as interrupted:
        return 128 + interrupted.signal_number


if __name__ == "__main__":
    sys.exit(main())
