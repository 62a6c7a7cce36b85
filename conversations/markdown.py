"""Message Markdown to safe HTML, and one-line previews. Pure text: no Django, no database, no network.

Three walls stand between a message and a browser, so that one mistake lets no script through: the parser escapes raw
HTML; a link destination starts with http://, https:// or mailto:, else the link stays the text it was typed as;
nh3 parses the result as a browser would and keeps an allow-list of tags, attributes, schemes and classes.

No input may be slow either. What is left out of Markdown for that reason: reference definitions (5,000 characters
of address, repeated by each 3 characters of `[a]`, make megabytes), and the usual bare-link matcher, whose pattern
needs exponential time on names such as `a.xn--a.xn--`; the one here is linear.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from itertools import groupby
from operator import itemgetter

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType

MAXIMUM_CHARACTERS = 32_768

# Counted, not timed, so the same message always gives the same HTML. Honest messages stay below a tenth of these.
# One visit is one try to read one line as something new (4 microseconds): nested quotes read on without end.
# Tokens are blocks, list items and table cells (4 microseconds): a header of 100 columns makes 100 cells a line.
LINE_VISITS = 20_000
BLOCK_TOKENS = 15_000
BRACKETS_PER_BLOCK = 500

# Longer code is shown without colours, and so is what remains when the time is over: half of the lexers need quadratic
# time on some input (12 s for 10,000 characters of short lines as C#), so a limit on length alone is no protection.
HIGHLIGHTED_CHARACTERS = 10_000
HIGHLIGHTED_SECONDS = 0.05

# Left out: lexers that read for long before their first token, so cannot be stopped in time (ini, console: 1 s), and
# http, which runs any lexer that a Content-Type inside the code names.
LANGUAGES = frozenset({
    "bash", "c", "cpp", "csharp", "css", "diff", "docker", "go", "graphql", "html", "java", "javascript",
    "json", "jsx", "kotlin", "lua", "make", "markdown", "nginx", "php", "powershell", "python", "r", "ruby", "rust",
    "scala", "sql", "swift", "toml", "typescript", "xml", "yaml",
})  # fmt: skip
_EMBEDDED = {"html": ("javascript", "css"), "docker": ("bash", "json"), "make": ("bash",)}
_ALIASES = {
    "c#": "csharp", "c++": "cpp", "dockerfile": "docker", "golang": "go", "js": "javascript", "kt": "kotlin",
    "makefile": "make", "md": "markdown", "ps1": "powershell", "py": "python", "python3": "python", "rb": "ruby",
    "rs": "rust", "sh": "bash", "shell": "bash", "ts": "typescript", "yml": "yaml", "zsh": "bash",
}  # fmt: skip

TAGS = frozenset({
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    allowed_classes={
        "code": {f"language-{language}" for language in LANGUAGES},
        "span": {name for name in STANDARD_TYPES.values() if name},
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer ugc",
)

# No user part: https://bank.example@evil.example is made to be misread (RFC 3986 section 7.6).
_DESTINATION = re.compile(r"https?://[\w.-]+(?::\d{1,5})?(?:[/?#]|\Z)|mailto:[^\s/]", re.IGNORECASE | re.ASCII)
_CLOSING = "'\".,;:!?*_~]}"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# One line that means itself: no character or start that CommonMark, tables, strikethrough or bare links act on, and
# none that an HTML serialiser writes differently (control characters, no-break space). Possessive, so linear.
_PLAIN = re.compile(
    r"(?![\s#+\-]|\d{1,9}[.)])"
    r"(?:[^\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\\`*_\[\]<>&./~]++|\.(?=[\s.]|\Z)|/(?!/)|~(?!~))++"
    r"(?<!\s)\Z"
)

# Bare links. Every repetition is bounded or possessive and a match starts only where the one before could not go on,
# so the search is linear. Without a scheme or www. only the endings listed count: most two-letter ones are also
# file names (main.py, README.md, lib.rs).
_LABELS = r"(?:[^\W_][\w-]{0,62}+\.){1,8}"
_ANY_END = r"[^\W\d_]{2,24}(?![\w-]|\.\w)"
_KNOWN_END = r"(?:(?:com|net|org|edu|gov)(?:\.[a-z]{2})?|co\.[a-z]{2}|info|biz|dev|app|io)(?![\w-]|\.\w)"
_BARE_LINK = re.compile(
    r"(?<![\w.@/:+-])(?:"
    r"(?P<url>https?://[^\s<>\"]++)"
    rf"|(?P<mail>(?:mailto:)?[\w.+-]{{1,64}}+@{_LABELS}{_ANY_END})"
    rf"|(?P<host>(?:www\.{_LABELS}{_ANY_END}|{_LABELS}{_KNOWN_END})(?::\d{{1,5}})?(?:[/?#][^\s<>\"]*+)?)"
    r")",
    re.IGNORECASE,
)


def render(content: str) -> str:
    """Return the HTML of a message: CommonMark with tables, ~~strikethrough~~, bare links, and line breaks kept.

    Raw HTML comes out as text, images as links (nothing is fetched on reading), fenced code of `LANGUAGES` with the
    CSS classes of Pygments and no inline styles. NUL and lone surrogates become U+FFFD. Content of more than
    `MAXIMUM_CHARACTERS` code points is escaped and broken into lines, nothing more.

    Measured on one core: 0.5 microseconds for a plain line of 72 characters, which takes a shortcut with the same
    result, 29 without it; 250 for a short message with a list and code; 20 milliseconds for 10,000 characters of
    dense Markdown. The slowest hostile input found takes 140 milliseconds. Raises nothing.
    """
    if is_plain(content):
        return f"<p>{content}</p>"
    return _render_markdown(content)


def is_plain(content: str) -> bool:
    """Whether rendering takes the shortcut, so costs nothing worth a thread."""
    return _PLAIN.match(content) is not None


def _render_markdown(content: str) -> str:
    """Render without the shortcut for plain lines, which has to give the same result."""
    storable = _UNSTORABLE.sub("\ufffd", content)
    try:
        html = _PARSER.render(storable)
    except _TooMuchWork:
        html = "<p>" + "<br>\n".join(map(escape, storable.splitlines())) + "</p>"
    return _CLEANER.clean(html).rstrip("\n")


def excerpt(content: str, limit: int = 140) -> str:
    """Return one line of at most `limit` code points (1 or more) from a message's source, ending in … if it was cut.

    White space is collapsed, so there are no line breaks; Markdown signs stay. The result is text, not HTML.
    """
    # More words than this cannot fit, so the rest of a long message is never split.
    line = " ".join(content.split(maxsplit=limit))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


class _TooMuchWork(Exception):
    """The content is built to cost time; it is shown without Markdown."""


class _BoundedTokens(list[Token]):
    def append(self, token: Token) -> None:
        if len(self) >= BLOCK_TOKENS:
            raise _TooMuchWork
        super().append(token)


def _bound_blocks(state: StateCore) -> None:
    if len(state.src) > MAXIMUM_CHARACTERS:
        raise _TooMuchWork
    state.tokens = _BoundedTokens()


def _count_line_visit(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Stand first among the block rules, which all loops over lines try, and match nothing."""
    visits = state.env["line_visits"] = state.env.get("line_visits", 0) + 1
    if visits > LINE_VISITS:
        raise _TooMuchWork
    return False


def _bound_brackets(state: StateCore) -> None:
    """Refuse a paragraph of brackets: each one starts a search for its partner."""
    if any(block.type == "inline" and block.content.count("[") > BRACKETS_PER_BLOCK for block in state.tokens):
        raise _TooMuchWork


class _Renderer(RendererHTML):
    """The HTML of markdown-it, except for fenced code."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        word = token.info.strip().partition(" ")[0].lower()
        language = _ALIASES.get(word, word)
        if language not in LANGUAGES:
            return f"<pre><code>{escape(token.content)}</code></pre>\n"
        lexer = _lexer(language)
        until = time.thread_time() + env.get("highlight_seconds", HIGHLIGHTED_SECONDS)
        code = "".join(_highlighted(token.content, lexer, until))
        env["highlight_seconds"] = until - time.thread_time()
        return f'<pre><code class="language-{language}">{code}</code></pre>\n'


def _highlighted(code: str, lexer: Lexer, until: float) -> Iterator[str]:
    """Yield code as escaped HTML, coloured as far as the limits allow; neighbours of one colour share a span."""
    for name, group in groupby(_classified(code, lexer, until), key=itemgetter(0)):
        text = escape("".join(text for _, text in group))
        yield f'<span class="{name}">{text}</span>' if name else text


def _classified(code: str, lexer: Lexer, until: float) -> Iterator[tuple[str, str]]:
    """Yield (CSS class, text) for code, the texts adding up to exactly the code.

    `until` is in seconds of `time.thread_time`, which counts the work of this thread and not of its neighbours.
    """
    position = 0
    if len(code) <= HIGHLIGHTED_CHARACTERS:
        for _, kind, text in lexer.get_tokens_unprocessed(code):
            # A lexer that loses or invents text must not change what was sent.
            if time.thread_time() > until or not code.startswith(text, position):
                break
            yield ("" if text.isspace() else _css_class(kind)), text
            position += len(text)
    yield "", code[position:]


@cache
def _css_class(kind: _TokenType) -> str:
    """Return the class of the nearest standard token type, the empty string for plain text."""
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    return str(STANDARD_TYPES.get(kind, ""))


@cache
def _lexer(language: str) -> Lexer:
    """Load a lexer and those it hands parts of the code to: once in a process, tens of milliseconds off the clock."""
    for embedded in _EMBEDDED.get(language, ()):
        _lexer(embedded)
    # Without the option the Markdown lexer would run any lexer that a fence inside the code names.
    return get_lexer_by_name(language, handlecodeblocks=False)


def _rewrite_links(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_outside_links(block.children))


def _outside_links(tokens: Iterable[Token]) -> Iterator[Token]:
    """Turn images, and bare addresses in text, into links; inside a link an image leaves only its description."""
    in_link = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            in_link = token.type == "link_open"
        if token.type == "image":
            address = str(token.attrs["src"])
            description = token.content or address
            yield from [_text(description)] if in_link else _link(address, description)
        elif token.type == "text" and not in_link:
            yield from _bare_links(token)
        else:
            yield token


def _bare_links(token: Token) -> Iterator[Token]:
    text, end = token.content, 0
    for match in _BARE_LINK.finditer(text):
        shown = _without_closing_punctuation(match.group())
        scheme = {"mail": "mailto:", "host": "https://", "url": ""}[match.lastgroup or "url"]
        address = _PARSER.normalizeLink(shown if shown.lower().startswith("mailto:") else scheme + shown)
        if _is_allowed(address):
            yield _text(text[end : match.start()])
            # What was typed is shown: decoding it would let xn-- hosts and %E2%80%AE imitate others (UTR 36 section 2).
            yield from _link(address, shown)
            end = match.start() + len(shown)
    yield _text(text[end:]) if end else token


def _without_closing_punctuation(address: str) -> str:
    """Cut what ends the sentence and not the address: punctuation, and brackets that close more than they open."""
    surplus = address.count(")") - address.count("(")
    while address and (address[-1] in _CLOSING or (surplus > 0 and address[-1] == ")")):
        surplus -= address[-1] == ")"
        address = address[:-1]
    return address


def _link(address: str, description: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": address}), _text(description), Token("link_close", "a", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _is_allowed(address: str) -> bool:
    return _DESTINATION.match(address) is not None


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.disable(["reference", "html_block", "html_inline"])
    parser.block.ruler.before("table", "line_visits", _count_line_visit, {"alt": ["paragraph", "blockquote", "list"]})
    parser.core.ruler.before("block", "bounded_blocks", _bound_blocks)
    parser.core.ruler.before("inline", "bounded_brackets", _bound_brackets)
    parser.core.ruler.after("inline", "links", _rewrite_links)
    parser.validateLink = _is_allowed  # type: ignore[method-assign, assignment]
    parser.normalizeLinkText = str  # type: ignore[method-assign, assignment]
    return parser


_PARSER = _parser()
