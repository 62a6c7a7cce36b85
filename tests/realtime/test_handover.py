"""Calls that threads hand to the loop: all of them, in order, each thread's own."""

import asyncio
import threading

from realtime.handover import Handover


async def test_what_threads_hand_over_is_called_once_and_in_order():
    handover = Handover()
    handover.start()
    taken: list[tuple[int, int]] = []
    done = asyncio.Event()

    def take(thread: int, number: int) -> None:
        taken.append((thread, number))
        if len(taken) == 4 * 5_000:
            done.set()

    def work(thread: int) -> None:
        for number in range(5_000):
            handover.add(take, thread, number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    async with asyncio.timeout(30):
        await done.wait()
    for number in range(4):
        assert [each for thread, each in taken if thread == number] == list(range(5_000))


async def test_a_call_that_fails_stops_no_other(caplog):
    handover = Handover()
    handover.start()
    done = asyncio.Event()
    handover.add(lambda: 1 / 0)
    handover.add(done.set)
    async with asyncio.timeout(30):
        await done.wait()
    assert "a call handed to the loop failed" in caplog.text


def test_before_the_start_there_is_nobody_to_call():
    taken: list[int] = []
    Handover().add(taken.append, 1)
    assert taken == []
