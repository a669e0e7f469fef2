"""The checks of this machine's address and of its programs, each passing and failing."""

import sys
from pathlib import Path

import pytest

from ops.checks.before import machine, tools
from ops.checks.model import Outcome
from sandbox.clouds_api.accounts import Accounts
from sandbox.world import World
from tests.ops.checks.conftest import HERE, Found, clouds, context, edit, run


def address(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch, visitor: str = "", given: str = "") -> Found:
    with clouds(world, monkeypatch, Accounts(visitor=visitor)):
        return run(machine.checks, context(folder, address=given))


def test_an_address_among_the_operators_passes(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert address(folder, world, monkeypatch, HERE)["public address"].outcome is Outcome.PASSED
    assert address(folder, world, monkeypatch, given=HERE)["public address"].outcome is Outcome.PASSED


def test_another_address_fails_and_the_remedy_is_the_line_to_add(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in (address(folder, world, monkeypatch, "1.1.1.1"), address(folder, world, monkeypatch, HERE, "1.1.1.1")):
        result = found["public address"]
        assert result.outcome is Outcome.FAILED
        assert f"1.1.1.1 is not among honeydue:operators ({HERE}/32)" in result.text
        assert "add 1.1.1.1/32 to honeydue:operators" in result.remedy


def test_an_empty_list_of_operators_fails_with_the_line_to_add(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, {"honeydue:operators": []})
    result = address(folder, world, monkeypatch, HERE)["public address"]
    assert result.outcome is Outcome.FAILED
    assert f"add {HERE}/32 to honeydue:operators in Pulumi.prod.yaml" in result.remedy


@pytest.mark.parametrize("visitor", ["", "10.0.0.7", "2001:4860:4860::8888", "garbage"])
def test_an_address_that_cannot_be_found_is_a_warning(
    visitor: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = address(folder, world, monkeypatch, visitor)["public address"]
    assert result.outcome is Outcome.WARNING
    assert "--address" in result.remedy


def test_an_invalid_stack_file_leaves_the_address_unjudged(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, {"honeydue:location": "moon"})
    assert address(folder, world, monkeypatch, HERE)["public address"].outcome is Outcome.SKIPPED


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> Found:
    """Run the checks with only these programs on PATH."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    for name, text in scripts.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    return run(tools.checks, context(folder))


def cli(version: str, plugins: str = "[]") -> str:
    return f'case "$*" in *version*) echo "{version}";; *"plugin ls"*) echo \'{plugins}\';; esac'


PYTHON = "echo 3.12.1"


def test_the_pinned_version_of_the_cli_and_newer_ones_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("v3.259.0", "v3.300.1", "v3.259.0-dev.1", "3.260.0+dirty"):
        found = programs(folder, monkeypatch, pulumi=cli(version), python3=PYTHON, ssh="exit 0")
        assert found["Pulumi CLI"].outcome is Outcome.PASSED, version


def test_an_older_cli_fails_with_the_version_that_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("v3.258.9", "v2.999.0"):
        found = programs(folder, monkeypatch, pulumi=cli(version), python3=PYTHON, ssh="exit 0")
        assert found["Pulumi CLI"].outcome is Outcome.FAILED
        assert "update the CLI to 3.259.0 or newer" in found["Pulumi CLI"].remedy


def test_a_missing_cli_fails_and_its_plugins_are_not_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = programs(folder, monkeypatch, python3=PYTHON, ssh="exit 0")
    assert found["Pulumi CLI"].outcome is Outcome.FAILED
    assert found["plugins"].outcome is Outcome.SKIPPED


def test_a_cli_without_a_version_or_a_folder_without_requirements_is_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = programs(folder, monkeypatch, pulumi=cli("hello"), python3=PYTHON, ssh="exit 0")
    assert found["Pulumi CLI"].outcome is Outcome.WARNING
    (folder / "requirements.txt").unlink()
    found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), python3=PYTHON, ssh="exit 0")
    assert found["Pulumi CLI"].outcome is Outcome.WARNING


def test_missing_plugins_are_a_note_because_the_cli_downloads_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = '[{"name": "hcloud", "kind": "resource", "version": "1.39.1"}, {"name": "random", "version": "1.0.0"}]'
    found = programs(folder, monkeypatch, pulumi=cli("v3.259.0", few), python3=PYTHON, ssh="exit 0")["plugins"]
    assert found.outcome is Outcome.NOTE
    assert "hcloud" not in found.text
    assert "cloudflare 6.17.0" in found.text
    assert "random 4.21.1" in found.text


def test_a_missing_ssh_client_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), python3=PYTHON)
    assert found["ssh client"].outcome is Outcome.WARNING


def test_an_old_python_or_one_without_venv_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for script, finding in (("echo 3.10.14", "3.10.14"), ("exit 1", "there is no .venv")):
        found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), python3=script, ssh="exit 0")["Python"]
        assert found.outcome is Outcome.FAILED
        assert finding in found.text
    (folder / "bin" / "python3").unlink()
    found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), ssh="exit 0")["Python"]
    assert found.outcome is Outcome.FAILED


def test_the_python_of_an_existing_environment_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".venv").mkdir()
    for key, version, outcome in (
        ("version", "3.9.2", Outcome.FAILED),
        ("version", "3.11.0", Outcome.PASSED),
        ("version_info", "3.13.1.final.0", Outcome.PASSED),
    ):
        (folder / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\n{key} = {version}\n")
        found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), ssh="exit 0")["Python"]
        assert found.outcome is outcome
        assert version in found.text


def test_this_python_passes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = programs(folder, monkeypatch, pulumi=cli("v3.259.0"), python3=f'exec {sys.executable} "$@"', ssh="exit 0")
    assert found["Python"].outcome is Outcome.PASSED
    assert "{}.{}.{}".format(*sys.version_info[:3]) in found["Python"].text
