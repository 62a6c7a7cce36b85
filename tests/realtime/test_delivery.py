"""Frames on the wire, read back by an independent implementation of RFC 6455."""

from collections.abc import Generator

import orjson
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from realtime.delivery import MESSAGE_BYTES, Delivery, parts

payloads = st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=200), max_size=3), min_size=1, max_size=20)


def messages(wire: bytes) -> list[bytes]:
    """The text messages in what a server wrote."""
    reader = StreamReader()
    reader.feed_data(wire)
    found = []
    while reader.buffer:
        found.append(read_frame(Frame.parse(reader.read_exact, mask=False, max_size=None)))
    return found


def read_frame(parsing: Generator[None, None, Frame]) -> bytes:
    try:
        next(parsing)
    except StopIteration as done:
        frame: Frame = done.value
        assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
        return bytes(frame.data)
    raise AssertionError("the frame is not whole")


@given(payloads)
def test_single_frames_are_a_message_each(frames):
    delivery = Delivery([orjson.dumps(frame) for frame in frames])
    assert [orjson.loads(message) for message in messages(delivery.single)] == frames
    assert [orjson.loads(text) for text in delivery.texts(as_arrays=False)] == frames


@given(payloads)
def test_a_client_that_takes_arrays_gets_the_same_frames(frames):
    delivery = Delivery([orjson.dumps(frame) for frame in frames])
    (message,) = messages(delivery.arrays)
    assert orjson.loads(message) == (frames[0] if len(frames) == 1 else frames)
    assert delivery.texts(as_arrays=True) == [message.decode()]


def test_every_length_of_the_header_is_read_back():
    for size in (0, 1, 125, 126, 127, 65_535, 65_536, 200_000):
        assert messages(Delivery([b"x" * size]).single) == [b"x" * size]


def test_no_array_is_larger_than_a_message_may_be():
    delivery = Delivery([b'"' + b"x" * 400_000 + b'"' for _ in range(6)])
    sizes = [len(message) for message in messages(delivery.arrays)]
    assert len(sizes) == 3
    assert max(sizes) <= MESSAGE_BYTES


@given(st.lists(st.binary(max_size=40), max_size=40), st.integers(10, 100))
def test_parts_lose_nothing_and_keep_the_bound(pieces, size):
    cut = list(parts(pieces, size))
    assert [piece for part in cut for piece in part] == pieces
    assert all(len(part) == 1 or len(b"[%b]" % b",".join(part)) <= size for part in cut)
