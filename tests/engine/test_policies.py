"""The policy pack as the engine runs it: what it refuses is refused at preview, before anything is made."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.engine.environment import engine_environment
from sandbox.engine.layout import ROOT
from sandbox.engine.outcome import EngineFailed
from sandbox.engine.session import Sandbox
from tests.engine.conftest import Sandboxes

PROGRAM = """
import pulumi
from pulumi_random import RandomId

key = "-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49\\n-----END PRIVATE KEY-----"
RandomId("thing", byte_length=4, keepers={"key": KEY})
"""


def with_key(box: Sandboxes, folder: Path, expression: str) -> Sandbox:
    """The sandbox with a program that gives a resource a private key, written as `expression`."""
    main = folder / "program.py"
    main.write_text(PROGRAM.replace("KEY}", f"{expression}}}"))
    return replace(box(), main=main)


def test_a_plain_private_key_is_refused_at_preview_and_nothing_is_made(sandbox: Sandboxes, tmp_path: Path) -> None:
    stack = with_key(sandbox, tmp_path, "key")
    for operation in (stack.preview, stack.up):
        with pytest.raises(EngineFailed) as refusal:
            operation()
        assert "no-plain-secrets" in str(refusal.value), "the refusal must name its policy"
        assert "MIGHAgEAMBMGByqGSM49" not in str(refusal.value), "the refusal itself gives the key away"
    kinds = {entry["type"] for entry in stack.export()["deployment"].get("resources") or []}
    assert "random:index/randomId:RandomId" not in kinds, "refused, and made all the same"


def test_the_same_key_as_a_secret_is_let_through(sandbox: Sandboxes, tmp_path: Path) -> None:
    stack = with_key(sandbox, tmp_path, "pulumi.Output.secret(key)")
    stack.apply()
    state = stack.layout.state_file("sandbox").read_text()
    assert "MIGHAgEAMBMGByqGSM49" not in state, "a secret lies in the state in plain text"


def analyze(box: Sandboxes, state: Path) -> "subprocess.CompletedProcess[str]":
    """`pulumi policy analyze` on a state file, as anybody runs it who has one."""
    command = [str(box.engine.path), "--non-interactive", "policy", "analyze", "--file", str(state)]
    return subprocess.run(
        [*command, "--policy-pack", str(ROOT / "policy")],
        env=engine_environment(box.layout),
        cwd=state.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_exported_state_is_judged_without_program_or_clouds(standing: Sandboxes, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps(standing().export(), indent=1))
    good = analyze(standing, state)
    assert good.returncode == 0, good.stdout + good.stderr
    record = '"proxied": true'
    assert record in state.read_text()
    state.write_text(state.read_text().replace(record, '"proxied": false'))
    bad = analyze(standing, state)
    assert bad.returncode != 0
    assert "proxied" in bad.stdout + bad.stderr
