"""What executes runs in a process: claims them, keeps their leases, and lets go of them as the process ends.

One an event loop, in a server (``AGENTS=inline``) or in ``manage.py run_agents``. Whatever it hears from services
(:mod:`agents.signals`) it would find by itself a little later.
"""

import asyncio
import contextlib
import logging
import random
import time
import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

from agents import signals
from agents.conf import conf
from agents.errors import RunLost
from agents.execution import Execution, show
from agents.services import claims, steps
from agents.services.claims import Claim
from agents.storing import stored
from realtime.tasks import Tasks

logger = logging.getLogger(__name__)

WATCHED_EVERY = 0.5
SILENT_FOR = 4.0  # nobody is left for 5 s without a sign of a run


class Engine:
    """See the module. ``seconds`` is how often it looks for work without having heard of any."""

    def __init__(self, *, seconds: Callable[[], float] = lambda: 2.0) -> None:
        self.worker = f"{uuid.uuid4().hex[:12]}"
        self.executions: dict[UUID, Execution] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._seconds = seconds
        self._background = Tasks()
        self._own: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start on the running loop, once."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        signals.listen(self)
        self._own = [
            self._background.own(self._repeat(self._claim_some, self._until_woken)),
            self._background.own(self._repeat(self._watch, lambda: asyncio.sleep(WATCHED_EVERY))),
            self._background.own(self._repeat(self._renew, lambda: asyncio.sleep(conf.lease_seconds / 4))),
            self._background.own(self._repeat(self._show_waiting, lambda: asyncio.sleep(SILENT_FOR))),
        ]
        self.wake()

    async def drain(self, seconds: float) -> None:
        """Begin nothing more; what does not end within ``seconds`` is left to other processes, which go on with it."""
        if self._loop is None:
            return
        self._is_ending = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for task in self._own:
            task.cancel()
        await asyncio.gather(*self._own, return_exceptions=True)
        signals.deafen(self)

    # --- what services say, from any thread ---------------------------------------------------------------------------

    def wake(self) -> None:
        """There may be work."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    def stop(self, run: UUID) -> None:
        """A run has ended: stop working on it, if this is not its own end."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop, run)

    def _stop(self, run: UUID) -> None:
        execution = self.executions.get(run)
        if execution is not None and not execution.is_ending:
            self._tasks[run].cancel()

    # --- the loops ----------------------------------------------------------------------------------------------------

    async def _repeat(self, work: Callable[[], Any], pause: Callable[[], Any]) -> None:
        """Do ``work`` for ever; what fails is logged and done the next time."""
        while True:
            try:
                await work()
            except Exception:
                logger.exception("the engine of runs failed", extra={"work": work.__name__})
            await pause()

    async def _until_woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds() * random.uniform(0.8, 1.0)):  # noqa: S311 - no secret
                await self._woken.wait()
        self._woken.clear()

    async def _claim_some(self) -> None:
        free = conf.runs - len(self._tasks)
        if self._is_ending:
            return
        for run in await stored(claims.runs_refused):
            await stored(steps.run_refuse, run_id=run)
        if free > 0:
            for claim in await stored(claims.runs_claim, worker=self.worker, limit=free):
                await self._execute(claim)

    async def _execute(self, claim: Claim) -> None:
        if claim.run in self.executions:  # its lease ran out while the database did not answer
            self._stop(claim.run)
            await stored(claims.run_release, claim=claim)
            return
        execution = self.executions[claim.run] = Execution(claim)
        assert self._loop is not None  # noqa: S101 - it is the loop's own task that claims
        task = self._tasks[claim.run] = self._loop.create_task(self._perform(execution))
        task.add_done_callback(lambda _: self._finished(claim))

    def _finished(self, claim: Claim) -> None:
        del self._tasks[claim.run], self.executions[claim.run]
        self._woken.set()

    async def _perform(self, execution: Execution) -> None:
        claim = execution.claim
        try:
            await execution.perform()
        except RunLost:
            logger.info("run ended elsewhere", extra={"run": str(claim.run)})
        except asyncio.CancelledError:
            # Ended already, or the process is about to: then somebody else goes on with it.
            await stored(claims.run_release, claim=claim)
        except Exception:
            logger.exception("run given up by this process", extra={"run": str(claim.run)})
            # Its lease runs out, and it is taken up again.

    async def _watch(self) -> None:
        """See whether each run is still to be worked on, and that none is silent."""
        attempts = {run: execution.claim.attempt for run, execution in self.executions.items()}
        if not attempts:
            return
        for run in await stored(claims.runs_lost, attempts):
            execution = self.executions.get(run)
            if execution is not None and execution.claim.attempt == attempts[run]:
                self._stop(run)
        for run in await stored(claims.runs_unwelcome, list(attempts)):
            if (execution := self.executions.get(run)) is not None:
                await self._check(execution)
        for execution in list(self.executions.values()):
            if time.monotonic() - execution.shown_at > SILENT_FOR - WATCHED_EVERY:
                execution.show_progress()

    @staticmethod
    async def _check(execution: Execution) -> None:
        with contextlib.suppress(RunLost):
            await stored(steps.run_check, claim=execution.claim)

    async def _renew(self) -> None:
        attempts = {run: execution.claim.attempt for run, execution in self.executions.items()}
        if attempts:
            await stored(claims.leases_renew, worker=self.worker, runs=attempts)

    async def _show_waiting(self) -> None:
        """Tell of runs that wait, before their members think that nothing happens."""
        for run, conversation in await stored(steps.queued_runs):
            show(conversation, {"type": "agent_progress", "run_id": run, "status": "queued"})
