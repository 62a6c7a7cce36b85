"""How the templates show what people wrote and who they are."""

from typing import Any
from uuid import UUID

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

HUES = 8


@register.filter
def sanitised_html(html: str) -> SafeString:
    """The ``html`` of a message, as it is: the one place where a template does not escape.

    Safe because nothing but :func:`conversations.markdown.render` makes it, whose last step is the allow-list
    sanitiser. Never use it on anything else.
    """
    return mark_safe(html)  # noqa: S308


@register.filter
def marked_html(highlight: str) -> SafeString:
    """The highlight of a search, as it is: :mod:`conversations.search` escapes all of it but its own ``<mark>``."""
    return mark_safe(highlight)  # noqa: S308


@register.filter
def hue(participant_id: UUID | str) -> str:
    """Which of the avatar colours a participant has; ``static/js/render.js`` counts the same way."""
    text = str(participant_id)
    return str(int(text[-1], 16) % HUES) if text else ""


@register.filter
def initial(name: Any) -> str:
    """The letter on an avatar."""
    return str(name)[:1].upper()
