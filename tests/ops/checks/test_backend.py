"""The checks of the backend with a CLI whose answers are chosen. test_check.py has them with the real one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from ops.checks.before.backend import checks
from ops.checks.before.context import Context
from ops.checks.model import Outcome
from tests.ops.checks.conftest import Found, edit, run

FAILS: Final = ("", 1)
SECRETS: Final = {
    key: {"secure": "v1:AAAA:BBBB"} for key in ("hcloud:token", "cloudflare:apiToken", "honeydue:adminUsers")
}
ANSWERS: Final[Mapping[str, tuple[object, int]]] = {
    "whoami": ({"user": "mike", "url": "https://mike:hunter2@backend.test"}, 0),
    "stack ls": ([{"name": "organization/honeydue/prod", "current": True}], 0),
    "stack export": ({"deployment": {}}, 0),
    "config get": ("a secret", 0),
}


def backend(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, tuple[object, int]], stack: str = "prod"
) -> Found:
    """Run the checks with a CLI that prints these answers, and ends with these statuses."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    cases = []
    for command, (answer, status) in {**ANSWERS, **changes}.items():
        (place / command).write_text(answer if isinstance(answer, str) else json.dumps(answer))
        cases.append(f'*"{command}"*) cat "{place}/{command}"; exit {status};;')
    (place / "calls").write_text("")
    script = f'#!/bin/sh\necho "$*" >> "{place}/calls"\ncase "$*" in\n{chr(10).join(cases)}\nesac\nexit 9\n'
    (place / "pulumi").write_text(script)
    (place / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    return run(checks, Context(stack, folder))


def test_a_backend_with_the_stack_and_its_secrets_passes_without_a_password_in_the_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, SECRETS)
    for name in ("prod", "organization/honeydue/prod"):
        found = backend(folder, monkeypatch, {}, name)
        assert found.outcomes() == dict.fromkeys(("login", "stack", "secrets", "decryption"), Outcome.PASSED)
        assert found["login"].text == "mike at https://backend.test"
        assert "with an empty state" in found["stack"].text
        assert "a secret" not in str(found)


def test_a_state_that_cannot_be_read_fails_and_is_not_called_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = backend(folder, monkeypatch, {"stack export": FAILS})
    assert found["stack"].outcome is Outcome.FAILED
    assert "cannot be read" in found["stack"].text


def test_a_state_with_only_the_stack_and_its_providers_is_empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, words in (
        ("pulumi:pulumi:Stack", "with an empty state"),
        ("pulumi:providers:hcloud", "with an empty state"),
        ("hcloud:index/network:Network", "with resources in its state"),
    ):
        state = {"deployment": {"resources": [{"type": kind}]}}
        assert words in backend(folder, monkeypatch, {"stack export": (state, 0)})["stack"].text


@pytest.mark.parametrize(
    "changes",
    [{"whoami": FAILS}, {"stack ls": FAILS}, {"stack ls": ("not JSON", 0)}, {"stack ls": ({"a": 1}, 0)}],
)
def test_a_backend_that_does_not_answer_is_one_failure(
    changes: Mapping[str, tuple[object, int]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = backend(folder, monkeypatch, changes)
    assert found.outcomes() == {"login": Outcome.FAILED, "stack and secrets": Outcome.SKIPPED}
    assert "pulumi login" in found["login"].remedy


def test_a_missing_stack_names_the_existing_ones_and_the_command_that_creates_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = backend(folder, monkeypatch, {"stack ls": ([{"name": "staging"}], 0)})
    assert found["stack"].outcome is Outcome.FAILED
    assert "it has staging" in found["stack"].text
    assert found["stack"].remedy == "run `pulumi stack init prod`"


def test_each_missing_secret_is_a_failure_with_the_command_that_sets_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in SECRETS:
        edit(folder, {**SECRETS, missing: None})
        found = backend(folder, monkeypatch, {})
        assert [each.name for each in found.results if each.outcome is Outcome.FAILED] == [missing]
        assert f"`pulumi config set --stack prod --secret {missing}`" in found[missing].remedy


def test_secrets_that_cannot_be_decrypted_fail_and_each_is_tried_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, SECRETS)
    found = backend(folder, monkeypatch, {"config get": FAILS})
    assert found["decryption"].outcome is Outcome.FAILED
    assert "hcloud:token" in found["decryption"].text
    assert (folder / "bin" / "calls").read_text().count("config get") == 1
