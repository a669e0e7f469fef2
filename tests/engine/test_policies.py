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
first = RandomId("first", byte_length=4)
RandomId("thing", byte_length=4, keepers={"key": KEY})
"""
ADVISORY = "[advisory]"


def with_key(box: Sandboxes, folder: Path, expression: str) -> Sandbox:
    """The sandbox with a program that gives a resource a private key, written as `expression`."""
    main = folder / "program.py"
    main.write_text(PROGRAM.replace("KEY}", f"{expression}}}"))
    return replace(box(), main=main)


def made(stack: Sandbox) -> set[str]:
    """The names of the resources in the state."""
    return {entry["urn"].rpartition("::")[2] for entry in stack.export()["deployment"].get("resources") or []}


def test_a_plain_private_key_is_refused_at_preview_and_nothing_is_made(sandbox: Sandboxes, tmp_path: Path) -> None:
    stack = with_key(sandbox, tmp_path, "key")
    for operation in (stack.preview, stack.up):
        with pytest.raises(EngineFailed) as refusal:
            operation()
        assert "no-plain-secrets" in str(refusal.value), "the refusal must name its policy"
        assert "MIGHAgEAMBMGByqGSM49" not in str(refusal.value), "the refusal itself gives the key away"
    assert made(stack) == set(), "refused, and made all the same"


def test_a_key_that_a_preview_did_not_know_is_refused_by_the_update(sandbox: Sandboxes, tmp_path: Path) -> None:
    stack = with_key(sandbox, tmp_path, "first.hex.apply(lambda _: key)")
    [advisory] = stack.preview().violations
    assert "1 value is unknown until the update and not judged yet (no-plain-secrets: 1)" in advisory.message
    with pytest.raises(EngineFailed) as refusal:
        stack.apply()
    assert {item.policy for item in refusal.value.outcome.violations} == {"no-plain-secrets"}
    assert "thing" not in made(stack), "refused, and made all the same"


def test_a_first_preview_prints_one_advisory_and_an_update_and_a_second_preview_print_none(sandbox: Sandboxes) -> None:
    stack = sandbox()
    first = stack.preview()
    [advisory] = first.violations
    assert not advisory.mandatory
    assert "\n" not in advisory.message
    for rule in ("dns-is-the-ingress-nodes: 36", "host-firewall-is-narrow: 3", "no-plain-secrets: "):
        assert rule in advisory.message, "rules for resources and for the stack belong in one line"
    assert first.stdout.count(ADVISORY) == first.stdout.count("can't run policy") == 1
    for later in (stack.apply(), stack.preview()):
        assert later.violations == [], f"after {later.operation}, something is still not judged"
        assert ADVISORY not in later.stdout


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
