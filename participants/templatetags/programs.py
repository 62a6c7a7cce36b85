"""How the templates name the program that somebody signed in with."""

from django import template
from django.utils.translation import gettext

register = template.Library()

# The first that is found counts: browsers name those that they descend from as well.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}
LENGTH = 60


@register.filter
def program(user_agent: str) -> str:
    """The browser and the system for people; anything else as it called itself."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), None)
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), None)
    if browser is None:
        return user_agent[:LENGTH] or gettext("Unknown program")
    return gettext("{browser} on {system}").format(browser=browser, system=system) if system else browser
