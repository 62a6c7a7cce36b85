"""The pages that are made from code: they are up to date, and nothing goes over a socket that they do not explain."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from django.core.management import CommandError, call_command
from drf_spectacular.generators import SchemaGenerator

from chatsite import protocol_document, settings_document
from chatsite.management.commands import export_events
from chatsite.protocol_document import Catalogue, Undocumented
from conversations import events
from participants.conf import conf
from participants.settings import declared
from realtime import frames
from realtime.close_codes import CloseCode
from tests.environment import PRODUCT_VARIABLES
from tests.servers import ROOT

SENDERS = ("realtime", "agents", "conversations/services")
APPS = ("participants", "conversations", "realtime", "agents", "chatsite")
PROTOCOL = ROOT / "docs" / "protocol.md"


def sources(*apps: str) -> dict[Path, str]:
    return {path: path.read_text() for app in apps for path in (ROOT / app).rglob("*.py")}


def documented_types() -> set[str]:
    catalogue = Catalogue()
    served = {protocol_document.wire_name(frame) for frame in (*catalogue.entries, *catalogue.transient)}
    return served | {frames.name_of(command) for command in catalogue.commands}


def test_the_pages_are_up_to_date():
    call_command("export_events", "--check")


def test_check_names_the_page_that_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(export_events, "BASE_DIR", tmp_path)
    monkeypatch.setattr(export_events, "DOCS", tmp_path)
    with pytest.raises(CommandError, match=r"Out of date: protocol\.md, settings\.md"):
        call_command("export_events", "--check")
    assert not (tmp_path / "protocol.md").exists()
    call_command("export_events")
    call_command("export_events", "--check")
    (tmp_path / "protocol.md").write_text("changed by hand")
    with pytest.raises(CommandError, match=r"Out of date: protocol\.md\."):
        call_command("export_events", "--check")


def test_an_entry_without_a_docstring_is_refused():
    class Waved(events.Entry):
        type: Literal["waved"] = "waved"

    with pytest.raises(Undocumented, match="Waved"):
        protocol_document.render("{{entries}}", replace(Catalogue(), entries=(Waved,)))


def test_a_command_without_a_docstring_is_refused():
    class Wave(frames.Command):
        type: Literal["ping"]

    with pytest.raises(Undocumented, match="Wave"):
        protocol_document.render("{{commands}}", replace(Catalogue(), commands=(Wave,)))


def test_a_close_code_without_a_meaning_is_refused():
    meaning = {CloseCode.DONE: ("done", "stop")}
    with pytest.raises(Undocumented, match="TOO_SLOW"):
        protocol_document.render("{{close_codes}}", replace(Catalogue(), close_codes=meaning))


def test_every_frame_class_is_in_the_catalogue():
    """A class with a wire name that is in none of the tuples would never reach the page."""
    listed = {*Catalogue().entries, *Catalogue().transient, *Catalogue().commands}
    declared = {
        thing
        for module in (events, frames)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, events.Shape | frames.Command) and "type" in thing.model_fields
    }
    assert declared - {events.Event, events.Entry, frames.Command} <= listed


def test_every_frame_that_the_code_makes_is_documented():
    made = {
        (path.name, name)
        for path, text in sources(*SENDERS).items()
        for name in re.findall(r'"type": "([a-z_]+)"', text)
    }
    assert made
    assert {(path, name) for path, name in made if name not in documented_types()} == set()


@pytest.mark.parametrize("name", sorted(documented_types()))
def test_every_frame_has_its_place_on_the_page(name):
    assert f"\n### `{name}`\n" in PROTOCOL.read_text()


@pytest.mark.parametrize("code", CloseCode)
def test_every_close_code_is_on_the_page(code):
    assert f"\n| {int(code)} | " in PROTOCOL.read_text()


def test_every_link_of_the_page_leads_somewhere():
    text = PROTOCOL.read_text()
    anchors = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= anchors


def test_every_variable_that_the_code_reads_is_documented():
    documented = {variable.name for variable in settings_document.VARIABLES}
    read = {
        name
        for text in sources(*APPS).values()
        for pattern in (r'\benv\.\w+\(\s*"([A-Z_]+)"', r'\benviron(?:\.get)?[(\[]"([A-Z_]+)"')
        for name in re.findall(pattern, text)
    }
    ours = read - {"DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"}
    settings = {name for name in ours if name.startswith("CHAT_") and name != "CHAT_DEMO"}
    assert ours - settings - documented == set()
    assert documented >= PRODUCT_VARIABLES


def test_every_setting_is_on_the_page():
    text = (ROOT / "docs" / "settings.md").read_text()
    declaration = re.compile(r'^    \w+(?:: [^=]+)? = Setting\(\s*"(CHAT_\w+)"', re.MULTILINE)
    names = {name for source in sources(*APPS).values() for name in declaration.findall(source)}
    assert len(names) > 20
    assert {name for name in names if f"| `{name}` |" not in text} == set()


# --- the API's description --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in schema["paths"].values() for operation in path.values()]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/auth/sessions", "sessions"),
        ("/api/v1/participants", "participants"),
        ("/api/v1/conversations", "conversations"),
        ("/api/v1/conversations/{id}/participants", "participants"),
    ],
)
def test_lists_are_described_in_their_envelope(schema, path, name):
    operation = schema["paths"][path]["get"]
    reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    shape = schema["components"]["schemas"][reference.rsplit("/", 1)[1]]
    assert set(shape["properties"]) == {name, "total", "limit", "offset"}
    assert shape["properties"][name]["type"] == "array"
    assert {"limit", "offset"} <= {parameter["name"] for parameter in operation["parameters"]}


def test_every_refusal_is_described_as_a_problem(schema):
    for operation in operations(schema):
        refusals = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert {"400", "429", "500"} <= set(refusals)
        for answer in refusals.values():
            assert list(answer["content"]) == ["application/problem+json"]


def test_both_kinds_of_credentials_are_described(schema):
    assert {"bearer", "session"} == set(schema["components"]["securitySchemes"])
    closed = [operation for operation in operations(schema) if "401" in operation["responses"]]
    assert all({"bearer", "session"} >= {name for way in each["security"] for name in way} for each in closed)


def test_redoc_fetches_nothing_from_elsewhere(client):
    answer = client.get("/api/redoc.js")
    assert answer.status_code == 200
    assert "cdn.redoc.ly" not in answer.text
    page = client.get("/api/redoc", headers={"accept": "text/html"})
    assert "//fonts." not in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_the_readme_names_each_limit_over_time_with_its_default():
    readme = (ROOT / "README.md").read_text()
    limits = [setting for setting in declared(type(conf)) if setting.name.startswith("CHAT_LIMIT_")]
    assert limits
    assert [limit.name for limit in limits if f"`{limit.name}` ({limit.default})" not in readme] == []
