"""Who is in the pictures, and what they say."""

from typing import Any

PASSWORD = "correct-horse-battery-staple"

PEOPLE: list[dict[str, Any]] = [
    {"username": "mara", "display_name": "Mara Lindqvist", "password": PASSWORD},
    {"username": "tomas", "display_name": "Tomás Ferreira"},
    {"username": "yuki", "display_name": "Yuki Tanaka"},
    {"username": "layla", "display_name": "ليلى حداد"},
    {"username": "joel", "display_name": "Joel Adeyemi"},
    {"username": "scribe", "display_name": "Scribe", "kind": "agent"},
]
MAIN = "Harbour launch"
CONVERSATIONS: list[dict[str, Any]] = [
    {
        "title": "Field notes",
        "visibility": "public",
        "description": "What we saw, heard and measured this week. Pictures welcome.",
        "members": {"yuki": "owner", "joel": "member", "tomas": "member"},
    },
    {
        "title": "Bread & sourdough",
        "visibility": "public",
        "description": "Starters, ovens, failures. Beginners are the point.",
        "members": {"layla": "owner", "joel": "member"},
    },
    {
        "title": "On call",
        "visibility": "public",
        "description": "Who is on this week, and what woke them.",
        "members": {"tomas": "owner", "mara": "member", "joel": "member", "scribe": "member"},
    },
    {"title": "مقهى الصباح", "members": {"layla": "owner", "mara": "member", "yuki": "member"}},
    {"title": "Design review", "members": {"mara": "owner", "yuki": "admin", "layla": "member"}},
    {"title": "Tomás", "members": {"tomas": "owner", "mara": "member"}},
    {
        "title": MAIN,
        "description": "Everything for the opening on the 12th",
        "members": {"mara": "owner", "tomas": "admin", "yuki": "moderator", "layla": "member", "joel": "member",
                    "scribe": "member"},
    },
]  # fmt: skip

CHECKLIST = """I put the checklist together:

1. Moorings booked
2. Life jackets, 24 of them
3. Somebody who can *actually* sing"""
COUNTER = """The counter for the landing page is ready, it is just this:

```python
def days_left(today: date, opening: date) -> int:
    \"\"\"Whole days, never negative.\"\"\"
    return max(0, (opening - today).days)
```"""
SUMMARY = (
    "So far: **2 of 3 boats** confirmed, 24 life jackets on the list, a choir in sight. "
    "Open: the third skipper, and Joel's question to Mara."
)

# Conversation, who, what. In this order, over REST.
SAID: list[tuple[str, str, str]] = [
    ("Field notes", "yuki", "The heron is back at the lock. Third morning in a row."),
    ("Bread & sourdough", "layla", "Day four of the starter: it doubled in five hours."),
    ("مقهى الصباح", "layla", "صباح الخير! من يريد قهوة؟"),
    ("On call", "joel", "Quiet night. One disk alert at 03:10, handled by itself."),
    ("Design review", "mara", "The new empty states are up. Please be honest."),
    ("Design review", "yuki", "@mara the second one made me smile. Ship it."),
    ("Tomás", "mara", "Could you look at the tide table before noon?"),
    ("Tomás", "tomas", "Done. We have a window from **14:20 to 16:05**."),
    (MAIN, "mara", "Good morning! Where are we with the boats?"),
    (MAIN, "tomas", "Two are confirmed. The third skipper answers tonight."),
    (MAIN, "tomas", CHECKLIST),
    (MAIN, "layla", "I know a choir. ليلة جميلة سوف تكون"),
    (MAIN, "yuki", COUNTER),
    (MAIN, "joel", "@mara can I tell the paper that we open on the 12th?"),
    (MAIN, "scribe", SUMMARY),
    (MAIN, "mara", "Yes, please do. And thank you all, this is going to be lovely."),
]  # fmt: skip
# To the last one; these two are in every font.
REACTED = [("joel", "☕"), ("yuki", "❤️"), ("layla", "❤️"), ("tomas", "❤️")]
