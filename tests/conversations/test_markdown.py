"""What a message may become in a browser: allow-listed HTML, quickly, whatever was sent."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from conversations import markdown
from conversations.markdown import LANGUAGES, MAXIMUM_CHARACTERS, TAGS, excerpt, render

ATTRIBUTES = {("a", "href"), ("a", "rel"), ("a", "title"), ("ol", "start"), ("code", "class"), ("span", "class")}
SAFE_ADDRESS = re.compile(r"(?:https?://[^\s/]|mailto:)", re.IGNORECASE)
VOID = {"br", "hr"}


class _Audit(HTMLParser):
    """Reads HTML as a browser's tokenizer would and keeps what does not belong, the links and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"unclosed {tag}" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"tag {tag}")
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.check_attribute(tag, name, value or "")
        if tag == "a" and ("rel", "noopener noreferrer ugc") not in attrs:
            self.faults.append("link without rel")

    def check_attribute(self, tag: str, name: str, value: str) -> None:
        if (tag, name) not in ATTRIBUTES:
            self.faults.append(f"attribute {tag} {name}")
        if name == "href":
            self.links.append(value)
            if not SAFE_ADDRESS.match(value):
                self.faults.append(f"address {value}")
        if name == "class" and not re.fullmatch(r"language-[a-z]+|[a-z]+[a-z0-9]{0,2}", value):
            self.faults.append(f"class {value}")
        if name == "start" and not value.isdigit():
            self.faults.append(f"start {value}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"end of {tag}")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("processing instruction")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("unknown declaration")


RAW_HTML = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x0c>alert(1)</script\x0c>",
    "<img src=x onerror=alert(1)>",
    '<img src="javascript:alert(1)">',
    '<IMG """><SCRIPT>alert(1)</SCRIPT>">',
    "<img src=x:x onerror\x0b=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<math href="javascript:alert(1)">x</math>',
    "<body onload=alert(1)>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<object data="data:text/html,<script>alert(1)</script>"></object>',
    '<embed src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<link rel=stylesheet href="//evil.example/x.css">',
    "<style>@import '//evil.example/x.css';</style>",
    '<base href="//evil.example/">',
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<form action="javascript:alert(1)"><button>x</button></form>',
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<marquee onstart=alert(1)>x</marquee>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="https://ok.example" onclick="alert(1)">x</a>',
    '<div style="background:url(javascript:alert(1))">x</div>',
    '<span class="admin" id="x" style="position:fixed">x</span>',
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    "<![CDATA[<script>alert(1)</script>]]>",
    '<?xml version="1.0"?><script>alert(1)</script>',
    "<!DOCTYPE html><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<math><annotation-xml encoding="text/html"><style></math><img src=x onerror=alert(1)></style>',
    "<table><td><svg><desc><td><title></title></svg><img src=x onerror=alert(1)>",
    '<xmp><p title="</xmp><svg/onload=alert(1)>">',
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<plaintext><script>alert(1)</script>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]

MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](javascript&#x3A;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](<java script:alert(1)>)",
    "[x]( \x01javascript:alert(1))",
    "[x](<&#x20;javascript:alert(1)>)",
    "[x](\x0bjavascript:alert(1))",
    "[x](\u200bjavascript:alert(1))",
    "[x](java\\script:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](javascript%3Aalert(1))",
    "[x](javascript://ok.example/%0Aalert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](feed:javascript:alert(1))",
    "[x](view-source:https://ok.example)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://ok.example/1)",
    "[x](tel:112)",
    "[x](//evil.example)",
    "[x](\\\\evil.example)",
    "[x](/api/v1/auth/logout)",
    "[x](?token=1)",
    "[x](#top)",
    "[x]()",
    "[x](http:javascript:alert(1))",
    "[x](https:/evil.example)",
    "[x](https:///evil.example)",
    "[x](https://bank.example@evil.example)",
    "<javascript:alert(1)>",
    "<JAVASCRIPT:alert(1)>",
    "<data:text/html,x>",
    "<vbscript:x>",
    "<javascript&colon;alert(1)>",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[x]\n\n[x]: data:text/html,x 'title'",
    '[1]: https://ok.example "><script>alert(1)</script>"\n\n[x][1]',
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x"onerror=alert(1) y="](https://ok.example/a.png)',
    '![x](https://ok.example/a.png "t" onerror=alert(1))',
    "![<img src=x onerror=alert(1)>](https://ok.example/a.png)",
    "[![x](https://ok.example/a.png)](javascript:alert(1))",
    '[x](https://ok.example "><script>alert(1)</script>")',
    "[x](https://ok.example '\" onmouseover=\"alert(1)')",
    "[x](https://ok.example (a&quot; onclick=&quot;alert(1)))",
    '[x](https://ok.example/"onmouseover="alert(1))',
    '[x](<https://ok.example/" onmouseover="alert(1)>)',
    "[x](https://ok.example/&quot;onmouseover=alert(1))",
    'https://ok.example/"onmouseover="alert(1)',
    "https://ok.example/'onmouseover='alert(1)",
    "https://ok.example/<script>alert(1)</script>",
    'www.ok.example/"><img src=x onerror=alert(1)>',
    'a@ok.example"><script>alert(1)</script>',
    "mailto:a@ok.example?subject=<script>",
    '<https://ok.example/"onclick=alert(1)>',
    '```"><script>alert(1)</script>\nx\n```',
    '```python"onmouseover="alert(1)\nx\n```',
    '``` python" class="admin\nx\n```',
    "~~~html onload=alert(1)\n<script>alert(1)</script>\n~~~",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "```js\n`</span><img src=x onerror=alert(1)>`\n```",
    "`</code><script>alert(1)</script>`",
    "    </code></pre><script>alert(1)</script>",
    "# <script>alert(1)</script>",
    "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
    '|x|\n|:-" onclick=alert(1) :|\n|y|',
    "> <script>\n> alert(1)\n> </script>",
    "*<b*onclick=alert(1)>x</b>*",
    "[a](https://ok.example)(javascript:alert(1))",
    "[[x](javascript:alert(1))](https://ok.example)",
    "[x](javascript:alert(1)\n)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\<script>alert(1)\\</script>",
    "<<script>script>alert(1)<</script>/script>",
    "1000000000. x\n999999999. <script>",
]
VECTORS = RAW_HTML + MARKDOWN


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_an_attack_becomes_harmless(vector: str) -> None:
    for content in (
        vector,
        f"> - {vector}",
        f"**{vector}**",
        f"[{vector}](https://ok.example)",
        f"|a|\n|-|\n|{vector}|",
    ):
        audit = _Audit(render(content))
        assert audit.faults == []
        assert all("evil.example" not in link for link in audit.links)


@pytest.mark.parametrize("vector", RAW_HTML[:20])
def test_raw_html_is_shown_as_it_was_typed(vector: str) -> None:
    shown = _Audit(render(vector)).text.replace("\ufffd", "\x00")
    assert shown.replace("(", "&#40;").strip() == vector.replace("(", "&#40;").strip()


@pytest.mark.parametrize(
    "address", ["javascript:a", "data:text/html,x", "vbscript:a", "/x", "//evil.example", "#x", "ftp://a.b"]
)
def test_a_link_elsewhere_stays_text(address: str) -> None:
    assert render(f"[x]({address})") == f"<p>[x]({address})</p>"
    assert "<a" not in render(f"see <{address}> or {address} or ![]({address})")


PIECES = st.sampled_from([
    "<", ">", "&", '"', "'", "`", "```", "~~~", "~~", "*", "**", "_", "[", "]", "(", ")", "![", "](",
    "[x](https://a.example)", "[x]:", "https://", "http:", "javascript:", "data:", "www.", ".com", "a@b.co",
    "mailto:", "<a", "<b>", "</p>", "<script>", "<!--", "-->", "|", "|-|", "-", "+", "1.", "#", ">", "\\", "&#x3a;",
    "&colon;", "\n", "\n\n", "\t", "\x00", "\ud800", "\u202e", "a", "é", "py", "html",
])  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_becomes_harmless(content: str) -> None:
    assert _Audit(render(content)).faults == []


REL = 'rel="noopener noreferrer ugc"'


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("", ""),
        ("hello", "<p>hello</p>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("a\r\n\r\nb\rc", "<p>a</p>\n<p>b<br>\nc</p>"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("# a\n## b", "<h1>a</h1>\n<h2>b</h2>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("|a|\n|-:|\n|b|",
         "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>"),
        ("\x00 \ud800", "<p>\ufffd \ufffd</p>"),
        ('[x](https://a.example "t")', f'<p><a href="https://a.example" title="t" {REL}>x</a></p>'),
        ("[x](mailto:a@b.co)", f'<p><a href="mailto:a@b.co" {REL}>x</a></p>'),
        ("<https://xn--pple-43d.com>", f'<p><a href="https://xn--pple-43d.com" {REL}>https://xn--pple-43d.com</a></p>'),
        ("<https://a.example>", f'<p><a href="https://a.example" {REL}>https://a.example</a></p>'),
        ("![a cat](https://a.example/c.png)", f'<p><a href="https://a.example/c.png" {REL}>a cat</a></p>'),
        ("![](https://a.example/c.png)", f'<p><a href="https://a.example/c.png" {REL}>https://a.example/c.png</a></p>'),
        ("[![b](https://a.example/c.png)](https://a.example)", f'<p><a href="https://a.example" {REL}>b</a></p>'),
        ("[https://b.example](https://a.example)", f'<p><a href="https://a.example" {REL}>https://b.example</a></p>'),
        ("`https://a.example`", "<p><code>https://a.example</code></p>"),
    ],
)  # fmt: skip
def test_markdown_becomes_html(content: str, html: str) -> None:
    assert render(content) == html


@pytest.mark.parametrize(
    ("content", "address", "shown"),
    [
        ("https://a.example/b?c=d#e", "https://a.example/b?c=d#e", "https://a.example/b?c=d#e"),
        ("(see https://a.example/b_(c)).", "https://a.example/b_(c)", "https://a.example/b_(c)"),
        ("at HTTP://a.example, now", "HTTP://a.example", "HTTP://a.example"),
        ("http://localhost:8000/x", "http://localhost:8000/x", "http://localhost:8000/x"),
        ("www.x.example!", "https://www.x.example", "www.x.example"),
        ("example.com.", "https://example.com", "example.com"),
        ("bbc.co.uk/news", "https://bbc.co.uk/news", "bbc.co.uk/news"),
        ("mail a@b.co", "mailto:a@b.co", "a@b.co"),
        ("mailto:a.b+c@d.example", "mailto:a.b+c@d.example", "mailto:a.b+c@d.example"),
        ("**https://a.example**", "https://a.example", "https://a.example"),
        (
            "https://xn--pple-43d.com/%E2%80%AE",
            "https://xn--pple-43d.com/%E2%80%AE",
            "https://xn--pple-43d.com/%E2%80%AE",
        ),
        ("https://\u0430pple.com", "https://xn--pple-43d.com", "https://\u0430pple.com"),
    ],
)
def test_a_bare_address_becomes_a_link_that_shows_what_was_typed(content: str, address: str, shown: str) -> None:
    assert f'<a href="{address}" {REL}>{shown}</a>' in render(content)


@pytest.mark.parametrize(
    "content",
    ["main.py", "README.md", "e.g. this", "1.2.3.4", "v1.2", "x.y", "ftp://a.com", "a@b", "@ada", "//a.com/b"],
)
def test_what_only_looks_like_an_address_stays_text(content: str) -> None:
    assert render(content) == f"<p>{content}</p>"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_highlighting_keeps_the_code_and_uses_classes_only(language: str) -> None:
    code = "\n\nif (a < b && c) { return \"x\\n\"; } # 'y' /* z */ </code><b>\n\tkey: [1, 2.5]  \n\n"
    html = render(f"```{language}\n{code}```")
    assert html.startswith(f'<pre><code class="language-{language}">')
    assert _Audit(html).text == code
    assert _Audit(html).faults == []


def test_highlighting_colours_known_languages_only() -> None:
    assert '<span class="k">def</span>' in render("```py\ndef f(): pass\n```")
    assert render("```brainfuck\n+<\n```") == "<pre><code>+&lt;\n</code></pre>"
    assert render("```\ndef\n```") == "<pre><code>def\n</code></pre>"


@pytest.mark.parametrize(
    "code", ["````markdown\n```ini\na: b\n```\n````", "```http\nHTTP/1.1 200 OK\nContent-Type: text/x-ini\n\na: b\n```"]
)
def test_code_cannot_choose_a_lexer_outside_the_list(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    render("```markdown\n# a\n```")
    for name in ("get_lexer_by_name", "get_lexer_for_mimetype"):
        monkeypatch.setattr(f"pygments.lexers.{name}", lambda *_, **__: pytest.fail("a lexer was looked up"))
    assert "a: b" in _Audit(render(code)).text


def test_loading_a_lexer_does_not_take_time_from_colouring(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_slowly(*args: str, **options: bool) -> Lexer:
        busy_until = time.thread_time() + 2 * markdown.HIGHLIGHTED_SECONDS
        while time.thread_time() < busy_until:
            pass
        return get_lexer_by_name(*args, **options)

    monkeypatch.setattr("conversations.markdown.get_lexer_by_name", load_slowly)
    markdown._lexer.cache_clear()
    assert '<span class="k">def</span>' in render("```json\n1\n```\n```python\ndef f(): pass\n```")


def test_long_code_is_shown_without_colours() -> None:
    code = "x = 1\n" * 2_000
    html = render(f"```python\n{code}```")
    assert "<span" not in html
    assert _Audit(html).text == code


def test_code_that_takes_too_long_is_coloured_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "HIGHLIGHTED_SECONDS", 0)
    assert render("```python\nx = '<'\n```") == "<pre><code class=\"language-python\">x = '&lt;'\n</code></pre>"


PLAIN_TRAPS = st.sampled_from([
    "a", "b", "é", "😀", "1", "12", ".", ")", "..", "...", ",", "!", "?", ":", ";", "'", '"', "/", "//", "~", "~~",
    "#", "-", "+", "=", "|", "*", "_", "`", "[", "]", "(", "<", ">", "&", "&amp;", "\\", "@", "a@b.co", "www.x.com",
    "example.com", "http://", "\t", "\n", "\r", "\r\n", "\x00", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\xa0",
    "\xad", "\u2003", "\u2028", "\u2029", "\u200b", "\u202e", "\u3000", "\ufeff", "\ud800", "\udfff", "\ufffe", "$",
    "%", "^", "{", "}", " ",
])  # fmt: skip


@settings(max_examples=1500)
@given(st.lists(PLAIN_TRAPS, max_size=12).map("".join) | st.text(st.characters(exclude_categories=()), max_size=40))
@example(" a")
@example("a ")
@example("a\u3000")
@example("\u3000a")
@example("1. a")
@example("1) a")
@example("1.")
@example("a. b")
@example("a.")
@example("a...b.co")
@example("~~~")
@example("a ~~b~~ c")
@example("- a")
@example("+ a")
@example("# a")
@example("a # b - c + d = e: f; (g)")
@example('it\'s "quoted"')
@example("&amp;")
@example("a\xa0b")
@example("a\u2028b")
@example("\ufeffa")
@example("see example.com")
@example("a/b")
@example("http://a")
def test_the_shortcut_for_plain_lines_changes_nothing(content: str) -> None:
    assert render(content) == markdown._render_markdown(content)


@pytest.mark.parametrize(
    "content",
    ["hello", "Hello @ada, how are you? I'm fine...", "日本語です。", "ok 👍🏽 (3/4) 50%: yes", "\u202eabc", "نعم"],
)
def test_ordinary_chat_takes_the_shortcut(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(markdown, "_render_markdown")
    assert render(content) == f"<p>{content}</p>"


HOSTILE = {
    "quotes": ">" * 10_000,
    "spaced quotes": "> " * 5_000,
    "brackets": "[" * 10_000,
    "image brackets": "![" * 5_000,
    "linked images": "[![" * 3_333,
    "open links": "[a](" * 2_500,
    "few brackets": ("[" * 490 + "a" * 20 + "\n\n") * 19,
    "stars": "*" * 10_000,
    "unmatched emphasis": "*a **a " * 1_400,
    "backticks": "`" * 10_000,
    "growing backticks": "".join("`" * length + " " for length in range(140)),
    "list markers": "- " * 5_000,
    "list items": "- a\n" * 2_500,
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(100)),
    "wide table": "a|" * 100 + "\n" + "-|" * 100 + "\n" + "|\n" * 4_800,
    "narrow table": "a|b\n-|-\n" + "|\n" * 4_990,
    "quoted headings": "===\na\n> " * 1_250,
    "reference bomb": "[a]: https://a.example/" + "b" * 5_000 + "\n\n" + ("[a]" * 400 + "\n\n") * 4,
    "definitions": "[a]: b\n" * 1_400,
    "punycode labels": "a.xn--" * 1_666,
    "www prefixes": "$www." * 2_000,
    "schemes": "a://" * 2_500,
    "http prefixes": "http://" * 1_428,
    "open autolinks": "<http://" * 1_250,
    "addresses": "a@b.co " * 1_428,
    "entities": "&#x" * 3_333,
    "comments": "<!--" * 2_500,
    "closing brackets": "http://a.example/" + ")" * 9_900,
    "escapes": "\\[" * 5_000,
    "line feeds": "\n" * 10_000,
    "short lines": "a\n" * 5_000,
    "line feeds as C": "```c\n" + "\n" * 9_990,
    "short lines as C#": "```csharp\n" + "a\n" * 4_990,
    "many fences of Java": ("```java\n" + "\n" * 980 + "```\n") * 10,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_message_is_rendered_quickly_and_small(content: str) -> None:
    render("```c\nint a;\n```\n```java\nint a;\n```\n```csharp\nint a;\n```")  # lexers load on first use
    started = time.process_time()
    html = render(content)
    # The worst takes 0.14 s alone on a core; without the bounds these take up to more than 10 s.
    assert time.process_time() - started < 2
    assert len(html) < 20 * len(content) + 100
    assert _Audit(html).faults == []


def test_a_paragraph_of_brackets_is_shown_without_markdown() -> None:
    assert render("**a** " + "[" * 500) == "<p><strong>a</strong> " + "[" * 500 + "</p>"
    assert render("**a** " + "[" * 501) == "<p>**a** " + "[" * 501 + "</p>"
    assert "<span" in render("```json\n" + "[" * 501 + "\n```")


def test_very_long_content_is_shown_without_markdown() -> None:
    html = render("**a** <b>\n" + "x" * MAXIMUM_CHARACTERS)
    assert html.startswith("<p>**a** &lt;b&gt;<br>\nxxx")
    assert _Audit(html).faults == []


@pytest.mark.parametrize(
    ("source", "limit", "line"),
    [
        ("", 10, ""),
        ("  a \n\n b\t\u2028c\u3000 ", 10, "a b c"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcdefghi…"),
        ("abcdefgh ijk", 10, "abcdefgh…"),
        ("**bold** <b>", 20, "**bold** <b>"),
        ("😀" * 6, 5, "😀😀😀😀…"),
        ("a b", 1, "…"),
        ("a", 1, "a"),
    ],
)
def test_an_excerpt_is_one_short_line(source: str, limit: int, line: str) -> None:
    assert excerpt(source, limit) == line


@given(st.text(max_size=60), st.integers(1, 20))
def test_an_excerpt_is_the_collapsed_text_or_its_beginning(source: str, limit: int) -> None:
    whole = " ".join(source.split())
    short = excerpt(source, limit)
    assert len(short) <= limit
    assert short.splitlines() in ([short], [])
    assert short == whole if len(whole) <= limit else whole.startswith(short.removesuffix("…"))
