"""The documentation: its links lead somewhere, its tests and commands exist, its facts are the program's."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.config import _SECRETS
from components.settings import Settings
from components.versions import K3S_RELEASES
from pictures.facts import production
from sandbox.cli import _parser
from tests.stack_files import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
}


def ident(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def tables(path: Path) -> Iterator[list[list[str]]]:
    """The rows of each table of a page, its head first."""
    for block in re.findall(r"(?:^\|.*\|$\n?)+", path.read_text(), re.MULTILINE):
        lines = [line for line in str(block).splitlines() if not re.fullmatch(r"[|\s:-]+", line)]
        yield [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"\b(test_\w+)\b(?!\.py)", text))
    files = set(re.findall(r"\btests/[\w/]+\.py\b", text))
    missing = {name for name in named if name not in TESTS} | {file for file in files if not (ROOT / file).exists()}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_row_of_a_table_has_all_its_cells(page: Path) -> None:
    for head, *rows in tables(page):
        for row in rows:
            assert len(row) == len(head), row[0]


def test_every_deviation_names_a_test_or_says_that_there_is_none() -> None:
    rows = [row for head, *found in tables(ROOT / "docs" / "deviations.md") if head[-1] == "Test" for row in found]
    assert len(rows) > 30
    for row in rows:
        assert row[-1] == "none" or re.fullmatch(r"(`test_\w+`(, )?)+", row[-1]), row
        assert all(row), row


def test_the_table_of_ports_is_what_the_firewall_s_rules_give() -> None:
    head, *rows = next(tables(ROOT / "docs" / "security.md"))
    assert head == ["Source", "Ports", "Checked by", "Test"]
    expected = [
        [access.sources, ", ".join(access.ports), "Hetzner's firewall and UFW" if access.hetzner else "UFW"]
        for access in production().access
    ]
    assert [row[:3] for row in rows[:-1]] == expected
    assert rows[-1][:2] == ["everybody else", "no port"]


def test_every_secret_of_a_stack_file_is_in_the_table_of_secrets() -> None:
    secrets = next(rows for head, *rows in tables(ROOT / "docs" / "security.md") if head[0] == "Secret")
    named = {row[0].strip("`") for row in secrets}
    assert set(_SECRETS) <= named


def test_the_limits_name_the_traefik_that_the_catalogue_installs() -> None:
    text = (ROOT / "docs" / "limits.md").read_text()
    installed = {release.traefik for release in K3S_RELEASES.values()}
    assert {version for version in installed if f"Traefik {version}" not in text} == set()
    if installed == {"3.6.10"}:
        return
    assert "3.6.10 only" not in text, "the row on k3s releases is out of date"


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 140


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_sandbox_command_that_a_page_shows_is_accepted(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"^ *(?:\.venv/bin/)?python -m sandbox ([^#\n]+)", page.read_text(), re.MULTILINE)
    for words in shown:
        arguments = words.split()
        if "--help" in arguments or any(word.isupper() for word in arguments):
            continue
        try:
            _parser().parse_args(arguments)
        except (SystemExit, argparse.ArgumentError):
            pytest.fail(f"python -m sandbox {words}: {capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES, ids=ident)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", page.read_text())) | set(
        re.findall(r"^ *make ([a-z]+)", page.read_text(), re.MULTILINE)
    )
    assert named <= targets


def test_every_key_that_the_readme_names_is_a_key_of_a_stack_file() -> None:
    text = (ROOT / "README.md").read_text()
    known = set(Settings.keys())
    named = set(re.findall(r"honeydue:(\w+)", text)) - {"adminUsers"}
    named |= {word for row in re.findall(r"`generation` under ([^|]+)", text) for word in re.findall(r"`(\w+)`", row)}
    assert {"operators", "replacing", "apiNode", "teardown", "originPulls", "kubeconfig"} <= named
    assert named <= known
    assert known == set(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"])
