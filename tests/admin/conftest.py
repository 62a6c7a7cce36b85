"""The staff of these tests: who may do what in the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from participants.models import Participant
from tests.personas import person

PASSWORD = "seven-green-bottles-on-a-wall"
MakeStaff = Callable[..., Participant]


@pytest.fixture
def staff_with(db: None) -> MakeStaff:
    """Make staff with some rights: ``staff_with("conversations.view_event")``."""

    def make(*rights: str, **fields: Any) -> Participant:
        somebody = person(is_staff=True, **fields)
        for right in rights:
            app, name = right.split(".")
            somebody.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=name))
        return somebody

    return make


@pytest.fixture
def superuser(db: None) -> Participant:
    """Who may do everything."""
    return person(is_staff=True, is_superuser=True, password=PASSWORD)


def signed_in(somebody: Participant) -> Client:
    """A browser of theirs."""
    client = Client(headers={"accept": "text/html"})
    client.force_login(somebody)
    return client


@pytest.fixture
def admin_page(superuser: Participant) -> Client:
    """A superuser's browser."""
    return signed_in(superuser)
