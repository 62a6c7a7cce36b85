"""What agents do, as static/js/runs.js puts it together from frames: no page, no socket."""

from typing import Any

import pytest

from tests.browser.conftest import OpenWindow

AGENT = {"id": "00000000-0000-4000-8000-00000000000a", "display_name": "Assistant"}
STARTED = {"type": "agent_started", "run_id": "r", "agent": AGENT}


@pytest.fixture
def runs(window: OpenWindow):
    """Gives the runs that frames lead to, and whatever the last frame was about."""
    page = window().page
    page.goto("/sign-in")

    def run(*frames: dict) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        script = """async (frames) => {
            const { Runs } = await import("/static/js/runs.js");
            const runs = new Runs();
            const last = frames.map((frame) => runs.receive(frame)).at(-1);
            return [runs.all, last];
        }"""
        all_runs, last = page.evaluate(script, list(frames))
        return all_runs, last

    return run


def delta(offset: int, text: str) -> dict:
    return {"type": "agent_delta", "run_id": "r", "offset": offset, "text": text}


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([delta(0, "one "), delta(4, "two")], "one two"),
        ([delta(0, "one two"), delta(4, "three")], "one three"),
        ([delta(0, "one"), delta(0, "anew")], "anew"),
        ([delta(0, "one"), delta(9, "behind a hole")], "one"),
        ([delta(0, "😀😀"), delta(2, "!")], "😀😀!"),
        ([delta(0, "😀😀"), delta(1, "!")], "😀!"),
    ],
    ids=["behind", "replaced", "anew", "hole", "code points", "cut at a code point"],
)
def test_text_is_put_together_by_offsets(runs, frames, text):
    ((run,), _) = runs(STARTED, *frames)
    assert run["text"] == text


def test_a_late_viewer_goes_on_in_the_middle_of_the_text(runs):
    there = {"run_id": "r", "agent": AGENT, "status": "running", "offset": 100, "text": "so far"}
    ((run,), _) = runs({"type": "connected", "runs": [there]}, delta(106, ", and on"))
    assert run["text"] == "so far, and on"


def test_steps_are_told_with_what_came_of_them(runs):
    call = {"type": "tool_executing", "run_id": "r", "call_id": "c", "tool": "search", "arguments": {"q": "tea"}}
    done = {"type": "tool_completed", "run_id": "r", "call_id": "c", "result": "found", "is_error": False}
    thought = {"type": "agent_thinking", "run_id": "r", "text": "hm"}
    ((run,), _) = runs(STARTED, thought, call, done)
    assert [step["kind"] for step in run["steps"]] == ["thought", "tool"]
    assert (run["steps"][1]["arguments"], run["steps"][1]["result"]) == ({"q": "tea"}, "found")


@pytest.mark.parametrize("kind", ["agent_completed", "agent_failed"])
def test_a_run_ends_once_and_later_pieces_are_no_news(runs, kind):
    assert runs(STARTED, {"type": kind, "run_id": "r"})[0] == []
    assert runs(STARTED, {"type": kind, "run_id": "r"})[1]["ended"] is True
    assert runs(STARTED, {"type": kind, "run_id": "r"}, delta(0, "late")) == ([], None)


def test_runs_that_a_new_line_does_not_know_are_over(runs):
    assert runs(STARTED, {"type": "connected", "runs": []})[0] == []
