"""How soon the other side sees it, and what a screen reader is told. Bounds are for busy machines; figures are kept."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.test_conversation import talking

COUNT = 60
LATE_MS = 1500  # p95; under 100 on a quiet machine
TYPING_MS = 3000  # under 200 on a quiet machine
# Both pages are on one machine and have one clock.
WATCH = """() => {
    window.seen = {};
    window.typing = null;
    new MutationObserver((changes) => {
        for (const row of changes.flatMap((change) => [...change.addedNodes])) {
            const said = /^figure (\\d+)$/.exec(row.querySelector?.(".body")?.textContent.trim() ?? "");
            if (said) window.seen[said[1]] ??= Date.now();
        }
    }).observe(document.getElementById("entries"), { childList: true });
    const line = document.getElementById("typing");
    new MutationObserver(() => line.textContent && (window.typing ??= Date.now())).observe(line, { childList: true });
}"""
SEND = """async (number) => {
    const form = document.querySelector("form#composer");
    form.elements.content.value = `figure ${number}`;
    const at = Date.now();
    form.requestSubmit();
    return at;
}"""


def test_a_message_and_typing_are_soon_on_the_other_side(window: OpenWindow, record_testsuite_property: Any):
    ada, grace = talking(window)
    grace.page.evaluate(WATCH)
    began = ada.page.evaluate("Date.now()")
    ada.field.press("x")
    grace.page.wait_for_function("window.typing !== null")
    typing = grace.page.evaluate("window.typing") - began
    ada.field.fill("")
    sent = []
    for number in range(COUNT):
        sent.append(ada.page.evaluate(SEND, number))
        grace.page.wait_for_function("(number) => number in window.seen", arg=str(number))
    seen = grace.page.evaluate("window.seen")
    took = sorted(seen[str(number)] - at for number, at in enumerate(sent))
    p95 = took[int(0.95 * COUNT)]
    record_testsuite_property("send to displayed, p50 and p95, and typing, in ms", (took[COUNT // 2], p95, typing))
    assert p95 < LATE_MS, took
    assert typing < TYPING_MS


def test_the_log_is_in_order_and_told_politely_with_author_time_and_text(window: OpenWindow):
    ada, grace = talking(window)
    for number in range(3):
        ada.say(f"ada {number}")
        grace.say(f"grace {number}")
    texts = [f"{name} {number}" for number in range(3) for name in ("ada", "grace")]
    for one in (ada, grace):
        one.sees(*texts)
        log = one.page.get_by_role("log", name="Messages")
        expect(log).to_have_attribute("aria-live", "polite")
        rows = [f"- listitem:{part}" for part in log.aria_snapshot().split("- listitem:")[1:]]
        said = [row for row in rows if "paragraph: ada" in row or "paragraph: grace" in row]
        assert len(said) == len(texts)
        for row, text in zip(said, texts, strict=True):
            name = "Ada" if text.startswith("ada") else "Grace"
            assert f"paragraph: {text}" in row
            assert row.index(name) < row.index("time:") < row.index(f"paragraph: {text}")
