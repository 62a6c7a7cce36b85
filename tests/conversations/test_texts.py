"""Every text of the pages goes through gettext."""

import re

import pytest
from django.conf import settings

FOLDER = settings.BASE_DIR / "templates"
PAGES = [
    path
    for path in sorted(FOLDER.rglob("*.html"))
    if not {"admin", "drf_spectacular"} & set(path.relative_to(FOLDER).parts)
]
TRANSLATED = re.compile(r"\{% blocktrans.*?endblocktrans %\}", re.DOTALL)
NOT_SAID = re.compile(
    r"\{% block (?:width|body_attributes) %\}.*?\{% endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<(kbd|code)\b.*?</\1>",
    re.DOTALL,
)
SPOKEN_ATTRIBUTE = re.compile(r'\b(?:aria-label|placeholder|title|alt)="([^"]*[A-Za-z][^"]*)"')
NAMES = {"UTC", "Chat"}


def said(source: str) -> set[str]:
    """The words of a template that nobody could translate."""
    left = NOT_SAID.sub("", TRANSLATED.sub("", source))
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", left))
    return {*words, *SPOKEN_ATTRIBUTE.findall(left)} - NAMES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_text_of_a_page_is_fixed(path):
    assert not said(path.read_text())


def test_a_fixed_text_is_noticed():
    assert said('<p title="Why">Hello {{ name }}</p>') == {"Hello", "Why"}
    assert not said('<p title="{% trans "Why" %}">{% trans "Hello" %} <kbd>Enter</kbd> {{ name }} UTC</p>')
