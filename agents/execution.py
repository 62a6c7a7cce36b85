"""One run in the hands of this process: asks whoever answers, and stores and shows each step as it happens."""

import asyncio
import hashlib
import logging
import random
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from agents import entries, errors
from agents.errors import RunLost
from agents.services import steps
from agents.services.claims import Claim
from agents.services.steps import Begun
from agents.steps import AnswerFailed, Question, TextDelta, Thinking, ToolCall, ToolResult, Usage
from agents.storing import stored
from agents.text import Text, TooLarge
from conversations import publish
from participants.encoding import encode

logger = logging.getLogger(__name__)

RETRY_SECONDS = (0.5, 1.5)


class TooManySteps(Exception):
    """More tools were called than a run may call."""


class Execution:
    """A run that was claimed. ``perform`` leads it to its end, or stops where it is no longer this process's."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.begun: Begun | None = None
        self.is_ending = False  # what happens to the run now is its end, by this process
        self.shown_at = time.monotonic()  # when anything of it was last seen
        self.text = Text(self._show, self._keep)
        self._usage: Usage | None = None
        self._calls = 0
        self._thoughts: Counter[str] = Counter()
        self._done: list[ToolCall | ToolResult] = []

    async def perform(self) -> None:
        """Begin, ask, store the end. Raises RunLost for a run that ended otherwise meanwhile."""
        self.begun = await stored(steps.run_begin, claim=self.claim)
        if self.begun is None:
            return
        if self.claim.attempt > 1:
            self._show(0, "")
        why = await self._ask_in_time(self.begun)
        self.is_ending = True
        if why is None:
            await self._complete()
        else:
            tokens = self._usage.tokens if self._usage else None
            await stored(steps.run_fail, claim=self.claim, why=why, tokens=tokens)

    async def _complete(self) -> None:
        text = self.text.whole()
        tokens = self._usage.tokens if self._usage else None
        if not text.strip():
            await stored(steps.run_fail, claim=self.claim, why=errors.EMPTY, tokens=tokens)
            return
        model = self._usage.model if self._usage else ""
        await stored(steps.run_complete, claim=self.claim, text=text, model=model, tokens=tokens)

    async def _ask_in_time(self, begun: Begun) -> tuple[str, str] | None:
        """Ask within the run's time; why there is no answer, or None."""
        try:
            async with asyncio.timeout(begun.seconds):
                try:
                    await self._ask(begun.question)
                except AnswerFailed as error:
                    if not error.is_safe_to_retry:
                        raise
                    logger.info("run asked again", extra={"run": str(self.claim.run), "code": error.code})
                    await asyncio.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - no secret
                    await self._begin_anew()
                    await self._ask(replace(begun.question, done=(*begun.question.done, *self._done)))
        except AnswerFailed as error:
            return error.code, error.detail
        except TimeoutError:
            return errors.TIMEOUT
        except TooManySteps:
            return errors.TOO_MANY_STEPS
        except TooLarge:
            return errors.TOO_LARGE
        except RunLost:
            raise
        except Exception:
            logger.exception("a run failed", extra={"run": str(self.claim.run)})
            return errors.INTERNAL
        return None

    async def _begin_anew(self) -> None:
        if not self.text.is_empty:
            await stored(steps.texts_forget, claim=self.claim)
            self.text = Text(self._show, self._keep)
            self._show(0, "")
        self._thoughts.clear()

    async def _ask(self, question: Question) -> None:
        """Take the answer step by step, while its text is shown beside."""
        writing = asyncio.create_task(self.text.run())
        reading = asyncio.create_task(self._read(question))
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():  # it ends only by an error
                await writing
            await reading
        finally:
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)

    async def _read(self, question: Question) -> None:
        from agents import answers

        async with aclosing(answers.answer(question)) as found:
            async for step in found:
                await self._take(step, question)
        await self.text.flush()

    async def _take(self, step: Any, question: Question) -> None:
        match step:
            case TextDelta(text):
                await self.text.write(text)
            case Usage():
                self._usage = step
            case Thinking(text):
                digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
                self._thoughts[digest] += 1
                await self._append(step, f"{digest}.{self._thoughts[digest]}")
            case ToolCall():
                self._calls += 1
                if self._calls > question.max_steps:
                    raise TooManySteps
                await self._append(step, entries.clean(step.call_id))
                self._done.append(step)
            case ToolResult():
                await self._append(step, entries.clean(step.call_id))
                self._done.append(step)

    async def _append(self, step: Thinking | ToolCall | ToolResult, key: str) -> None:
        await self.text.flush()
        await stored(steps.step_append, claim=self.claim, step=step, key=key)
        self.shown_at = time.monotonic()

    # --- what is seen of it besides the log ---------------------------------------------------------------------------

    def _show(self, offset: int, text: str) -> None:
        self._publish({"type": "agent_delta", "run_id": self.claim.run, "offset": offset, "text": text})

    def show_progress(self) -> None:
        """Tell the members that it is still at it."""
        self._publish({"type": "agent_progress", "run_id": self.claim.run, "status": "running"})

    def _publish(self, frame: dict[str, Any]) -> None:
        if self.begun is not None:
            self.shown_at = time.monotonic()
            show(self.begun.conversation, frame)

    async def _keep(self, offset: int, text: str) -> None:
        try:
            await stored(steps.text_store, claim=self.claim, offset=offset, text=text)
        except IntegrityError:  # the outcome of the first attempt was unknown: it is there
            logger.info("a piece of text was there", extra={"run": str(self.claim.run)})


def show(conversation: UUID, frame: dict[str, Any]) -> None:
    """Show a frame without a number to whoever follows the conversation."""
    text = encode({**frame, "conversation_id": conversation})
    publish.publish_now_unsafe(publish.Transient(conversation, text))
