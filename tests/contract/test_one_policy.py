"""No role is compared anywhere but in the policy module: not in Python, not in templates, not in scripts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.policy import Standing
from tests.servers import ROOT

APPS = ("participants", "conversations", "realtime", "agents", "chatsite")
POLICY = ROOT / "conversations" / "policy.py"
ROLE_TEXTS = {str(standing) for standing in Standing}
# Constants of the policy that stand for a role or for several; as arguments they are fine, in a comparison not.
ROLE_NAMES = {"ROLES", "DEFAULT_ROLE", "CREATOR_ROLE", "HANDING_OVER_LEAVES"}
WORDS = "|".join(sorted(ROLE_TEXTS))
IN_TEMPLATE = re.compile(rf"{{%\s*(?:el)?if[^%]*[\"'](?:{WORDS})[\"']")
IN_SCRIPT = re.compile(
    rf"[=!]==?\s*[\"'`](?:{WORDS})[\"'`]|[\"'`](?:{WORDS})[\"'`]\s*[=!]==?"
    rf"|case\s+[\"'`](?:{WORDS})[\"'`]|\[[^\]]*[\"'`](?:{WORDS})[\"'`][^\]]*\]\.(?:includes|indexOf)"
)


def is_role(node: ast.AST) -> bool:
    """Whether an expression is a role written out, or a collection of such."""
    match node:
        case ast.Constant(value=str(text)):
            return text in ROLE_TEXTS
        case ast.Attribute(value=ast.Name(id="Standing") | ast.Attribute(attr="Standing")):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in ROLE_NAMES
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return any(map(is_role, parts))
        case ast.Dict(keys=keys):
            return any(key is not None and is_role(key) for key in keys)
        case ast.Call(func=ast.Name(id="str" | "frozenset" | "set" | "tuple"), args=arguments):
            return any(map(is_role, arguments))
        case ast.Subscript(value=value):
            return is_role(value)
    return False


def role_tests(source: str) -> Iterator[int]:
    """Lines in which something is compared with a role, looked up by one, or matched against one."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, comparators=others) if any(map(is_role, (left, *others))):
                yield node.lineno
            case ast.MatchValue(value=value) if is_role(value):
                yield value.lineno
            case ast.Call(func=ast.Attribute(attr="index" | "count"), args=[_]) if is_role(node.func.value):  # type: ignore[attr-defined]
                yield node.lineno


def sources(*suffixes: str, under: tuple[str, ...]) -> list[Path]:
    return [path for top in under for path in sorted((ROOT / top).rglob("*")) if path.suffix in suffixes]


def test_python_compares_roles_in_the_policy_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(".py", under=APPS)
        if path != POLICY and "migrations" not in path.parts
        for line in role_tests(path.read_text())
    ]
    assert found == []


def test_templates_and_scripts_compare_no_roles() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for paths, pattern in (
            (sources(".html", ".txt", under=("templates", *APPS)), IN_TEMPLATE),
            (sources(".js", ".mjs", under=("static",)), IN_SCRIPT),
        )
        for path in paths
        for match in pattern.finditer(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "role == 'owner'",
        "'admin' != membership.role",
        "role in ('owner', 'admin')",
        "role in {Standing.OWNER, Standing.ADMIN}",
        "membership.standing is Standing.OBSERVER",
        "role is not policy.DEFAULT_ROLE",
        "role in policy.ROLES[:3]",
        "policy.Standing.MEMBER == role",
        "role in {'owner': 1}",
        "match role:\n    case 'moderator': pass",
        "match role:\n    case Standing.ADMIN | Standing.OWNER: pass",
        "ROLES.index(role) > 1",
        "str(Standing.OWNER) == role",
    ],
)
def test_a_comparison_of_roles_is_seen(source: str) -> None:
    assert list(role_tests(source))


@pytest.mark.parametrize(
    "source",
    ["give(policy.CREATOR_ROLE)", "Standing('owner')", "kind == 'agent'", "one.role == other.role", "{'owner': 1}"],
)  # fmt: skip
def test_what_compares_no_role_is_left_alone(source: str) -> None:
    assert not list(role_tests(source))


def test_comparisons_in_templates_and_scripts_are_seen() -> None:
    assert IN_TEMPLATE.search("{% if member.role == 'owner' %}")
    assert IN_TEMPLATE.search('{% elif role in "admin" %}')
    for script in ("role === 'owner'", '"admin" != role', 'case "member":', "['owner', 'admin'].includes(role)"):
        assert IN_SCRIPT.search(script)
