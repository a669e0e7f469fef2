"""The questions of a newcomer lead to the right file by name, and the table of docs/architecture.md says the same."""

import ast
from pathlib import Path

import pytest

from components import sysctl
from components.host import k3s
from components.settings import Settings
from tests.stack_files import ROOT
from tests.unit.test_docs import tables

QUESTIONS = {
    "the rate limit": ["rate", "limit"],
    "a security header": ["security", "header"],
    "a value of Traefik's chart": ["chart", "value"],
    "a k3s flag": ["k3s", "flag"],
    "the minimum TLS version": ["tls"],
    "Hetzner's firewall": ["hetzner", "firewall"],
    "SSH access": ["ssh"],
    "the namespace": ["namespace"],
    "a sysctl": ["sysctl"],
    "the Traefik version": ["version"],
}
"""Each question, and the words that the name of the file must contain."""


def rows() -> list[list[str]]:
    """The rows of the table, without the marks of code."""
    found = next(found for head, *found in tables(ROOT / "docs" / "architecture.md") if head[0] == "…")
    return [[cell.replace("`", "") for cell in row] for row in found]


def names_in(file: Path) -> set[str]:
    """The functions, classes and constants that a module defines."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


def test_the_table_answers_the_ten_questions_of_a_newcomer() -> None:
    assert [row[0] for row in rows() if row[0]] == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_name_of_the_file_answers_the_question(question: str) -> None:
    (row,) = [row for row in rows() if row[0] == question]
    assert all(word in Path(row[2]).stem for word in QUESTIONS[question])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2])
def test_the_file_defines_what_the_table_says(row: list[str]) -> None:
    assert row[3] in names_in(ROOT / row[2])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2])
def test_the_keys_of_the_table_are_keys_of_a_stack_file(row: list[str]) -> None:
    assert {key for key in row[1].split(", ") if key not in ("", "none")} <= set(Settings.keys())


def test_the_file_that_the_table_names_is_where_the_thing_is() -> None:
    """Search for the words that the clouds, Traefik and k3s use; only the named file may have them."""
    words = {
        "ipv6Subnet": "middlewares/rate_limit.py",
        "permissionsPolicy": "middlewares/security_headers.py",
        "requestAcceptGraceTimeout": "chart_values.py",
        "flannel-backend": "k3s_flags.py",
        "VersionTLS": "tls_options.py",
        'min_tls_version":': "zone_settings.py",
        "pulumi_hcloud import Firewall": "hetzner_firewall.py",
        "pulumi_hcloud import SshKey": "ssh_key.py",
        '"Namespace"': "namespace.py",
        "ip_unprivileged_port_start": "sysctl.py",
        "_CHART_39: Final": "versions.py",
    }
    folder = ROOT / "components"
    texts = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.py")}
    for word, expected in words.items():
        found = {name for name, text in texts.items() if word in text and not name.startswith("host/")}
        assert found == {expected}, word


def test_servers_that_run_already_get_the_same_sysctls_as_new_ones() -> None:
    assert (f"/{k3s.SYSCTL}", k3s.UNPRIVILEGED) == (sysctl.FILE, sysctl.SETTINGS)


def test_one_module_is_named_k3s() -> None:
    found = [
        file.relative_to(ROOT) for folder in ("components", "ops", "policy") for file in (ROOT / folder).rglob("k3s.py")
    ]
    assert found == [Path("components/host/k3s.py")]
