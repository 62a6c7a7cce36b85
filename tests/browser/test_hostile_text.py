"""Text that would like to be more than text, wherever people can put some."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/pixel.gif>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<object data=//evil.example></object>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<style>body{display:none}</style>",
    "<a href=javascript:alert(1)>click</a>",
    "<p style=position:fixed;inset:0 onmouseover=alert(1)>over</p>",
    "<form action=//evil.example><button>go</button></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    '"><script>alert(1)</script>',
    "</script><script>alert(1)</script>",
    "<!--<script>alert(1)</script>-->",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202egnp.exe <b>bidi</b>",
]
MARKDOWN = [
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&colon;alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "[click](vbscript:msgbox(1))",
    "![x](https://evil.example/pixel.gif)",
    '![x](x" onerror="alert(1))',
    "<javascript:alert(1)>",
    "```<script>alert(1)</script>\ncode\n```",
    '```python" onload="alert(1)\ncode\n```',
]
FORBIDDEN = "script, iframe, object, embed, style, base, meta, form, img, svg, template, [onerror], [onload], [style]"


@pytest.fixture(params=["scripts", "no scripts", "no setHTML"])
def options(request: pytest.FixtureRequest) -> dict:
    return {"kind": request.param, "java_script_enabled": request.param != "no scripts"}


def test_messages_do_nothing_but_say(window: OpenWindow, options: dict):
    kind = options.pop("kind")
    ada, grace = window().sign_up("Ada"), window(**options).sign_up("Grace")
    if kind == "no setHTML":
        grace.context.add_init_script("delete Element.prototype.setHTML")
    address = ada.create("Tea")
    grace.page.goto(address)
    grace.page.get_by_role("button", name="Join this conversation").click()
    if options["java_script_enabled"]:
        grace.connected()
    texts = ATTACKS + MARKDOWN
    for text in texts:
        ada.say(text)
    for one in (ada, grace):
        if not options["java_script_enabled"] and one is grace:
            one.page.reload()
        expect(one.stored).to_have_count(len(texts))
        bodies = one.stored.locator(".body")
        expect(bodies.locator(FORBIDDEN)).to_have_count(0)
        for index, attack in enumerate(ATTACKS):
            assert bodies.nth(index).inner_text().strip() == attack.strip()
        for link in bodies.locator("a").all():
            assert (link.get_attribute("href") or "").startswith(("https://", "http://", "mailto:"))
            assert link.get_attribute("rel") == "noopener noreferrer ugc"


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_titles_and_descriptions_do_nothing_but_say(window: OpenWindow, attack: str):
    ada = window().sign_up(attack[:80])
    ada.create(attack[:120], description=attack)
    ada.connected().say("hello")
    expect(ada.page.locator("#title")).to_have_text(attack[:120].strip())
    for place in ("#entries", "#members", "h1", "title"):
        expect(ada.page.locator(place).locator(FORBIDDEN)).to_have_count(0)
    for path in ("/explore", "/conversations"):
        ada.page.goto(path)
        said = ada.page.locator("#conversations, .rows, .side-me, .welcome-head")
        expect(said.get_by_text(attack[:20].strip()).first).to_be_attached()
        expect(said.locator("script, img, iframe, object, style, svg")).to_have_count(0)


def test_the_page_works_where_markup_needs_the_policy(window: OpenWindow):
    ada = window().sign_up()
    ada.context.add_init_script("delete Element.prototype.setHTML")
    ada.page.goto(ada.create("Tea"))
    ada.connected().say("**bold**")
    expect(ada.stored.locator("strong")).to_have_text("bold")
