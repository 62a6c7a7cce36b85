"""The lock files pin everything by hash, tell nothing about where it was fetched, and agree with each other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*(?:\[[^\]]+\])?)==(\S+)", re.MULTILINE)


def entries(lock: str) -> list[str]:
    """Return each requirement with its hashes and comments."""
    return re.split(r"\n(?=[a-z0-9])", re.sub(r"\A(#.*\n)+", "", (ROOT / lock).read_text()))


def pins(lock: str) -> set[tuple[str, str]]:
    return set(PIN.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    unpinned = [entry for entry in entries(lock) if not PIN.match(entry) or "--hash=sha256:" not in entry]
    assert not unpinned


@pytest.mark.parametrize("lock", LOCKS)
def test_no_registry_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


def test_tests_run_on_the_versions_that_are_served() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")
