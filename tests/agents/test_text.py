"""The text of a run is shown as it comes, however long it takes to keep it."""

import asyncio

import pytest

from agents import text as module
from agents.text import Text


class Stage:
    """Whoever shows and keeps; keeping takes until it is allowed."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, str]] = []
        self.kept: list[tuple[int, str]] = []
        self.may_keep = asyncio.Event()
        self.text = Text(lambda offset, piece: self.shown.append((offset, piece)), self.keep)

    async def keep(self, offset: int, piece: str) -> None:
        await self.may_keep.wait()
        self.kept.append((offset, piece))

    def seen_from(self, length: int) -> int:
        """How far a viewer is who had the first ``length`` and then saw everything."""
        for offset, piece in self.shown:
            if offset <= length:
                length = max(length, offset + len(piece))
        return length


@pytest.fixture
async def stage(monkeypatch):
    monkeypatch.setattr(module, "KEPT_EVERY", 0.0)
    stage = Stage()
    running = asyncio.create_task(stage.text.run())
    async with asyncio.timeout(30):
        yield stage
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def write(stage, *pieces):
    for piece in pieces:
        await stage.text.write(piece)
        await stage.text.flush()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_pieces_are_shown_while_an_earlier_one_is_still_being_kept(stage):
    await write(stage, "one ", "two ", "three ")
    assert stage.kept == []
    assert stage.shown == [(0, "one "), (4, "two "), (8, "three ")]


async def test_what_was_kept_is_shown_once_more_from_its_beginning_to_now(stage):
    await write(stage, "one ", "two ")
    stage.may_keep.set()
    await until(lambda: (0, "one two ") in stage.shown)
    await write(stage, "three ")
    await until(lambda: sum(len(piece) for _, piece in stage.kept) == 14)
    assert "".join(piece for _, piece in stage.kept) == stage.text.whole() == "one two three "
    assert [offset for offset, _ in stage.kept] == sorted({offset for offset, _ in stage.kept})
    assert stage.seen_from(0) == 14


async def test_what_keeping_raises_ends_it(monkeypatch):
    monkeypatch.setattr(module, "KEPT_EVERY", 0.0)

    async def keep(offset: int, piece: str) -> None:
        raise LookupError

    text = Text(lambda offset, piece: None, keep)
    await text.write("one")
    with pytest.raises(LookupError):
        async with asyncio.timeout(30):
            await text.run()
