import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from ops.preview.guard import RULES
from sandbox.engine.layout import ROOT
from tests.ops.preview.previews import RECORD, SERVER, record, step, text

DELETED: Final = text(step("delete", SERVER, "node1", {}), same=3)


def ops(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments], cwd=ROOT, input=stdin, capture_output=True, text=True, check=False
    )


def guard(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return ops("guard", "--json", "-", *arguments, stdin=DELETED)


def test_a_preview_on_stdin_is_summarised_without_colours() -> None:
    done = ops("preview", "--json", "-", stdin=DELETED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "Preview of prod: 1 deleted, 3 unchanged"
    assert "\x1b" not in done.stdout


def test_raw_differences_are_shown_on_request(tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.write_text(text(step("create", RECORD, "r", None, record("node1"))))
    assert "+content: 192.0.2.1" not in ops("preview", "--json", str(file)).stdout
    assert "+content: 192.0.2.1" in ops("preview", "--json", str(file), "--raw").stdout


def test_the_guard_refuses_with_status_1_and_names_rule_and_finding() -> None:
    done = guard()
    assert done.returncode == 1
    assert "guard: no-server-is-deleted: server node1 is deleted, with its disk" in done.stdout


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_an_override_names_rule_and_reason_in_every_rendering(form: str) -> None:
    done = guard("--allow", "no-server-is-deleted=CHG-7: planned = yes", "--format", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no-server-is-deleted" in done.stdout
    assert "CHG-7: planned = yes" in done.stdout


def test_json_is_json() -> None:
    found: dict[str, Any] = json.loads(guard("--format", "json").stdout)
    assert found["guard"]["refused"] is True
    assert found["counts"]["deleted"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["guard", "--json", "-", "--allow", "nonsense=why"], ["nonsense", *RULES]),
        (["guard", "--json", "-", "--allow", "no-server-is-deleted= "], ["the reason is empty", "RULE=REASON"]),
        (["guard", "--json", "-", "--allow", "no-server-is-deleted"], ["the reason is empty"]),
        (["preview", "--json", "/nowhere/x.json"], ["/nowhere/x.json", "No such file"]),
        (["preview", "--json", "/"], ["Is a directory"]),
        (["preview", "--json", "README.md"], ["README.md", "not JSON", "pulumi preview --json"]),
        (["preview", "--json", sys.executable], ["not UTF-8"]),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_status_2(arguments: list[str], words: list[str]) -> None:
    done = ops(*arguments, stdin=DELETED)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("command", ["preview", "guard"])
def test_help_has_examples_and_exit_statuses(command: str) -> None:
    done = ops(command, "--help")
    assert done.returncode == 0
    for part in ("Examples", f"python -m ops {command} --json", "Exit status"):
        assert part in done.stdout
