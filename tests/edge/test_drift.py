"""`ops drift` and `ops visit` against real servers: changes by hand are named, and the named remedy undoes them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.commands.visiting import VISITOR
from sandbox.engine.layout import ROOT
from sandbox.nodes.edge_host import EdgeHost
from tests.edge.conftest import EDGE_ADDRESSES, Stack
from tests.stack_files import stack_config

NODE = "node2"
CONFIG = "/etc/rancher/k3s/config.yaml"
EDIT = f"""
import json
with open({CONFIG!r}) as file:
    config = json.load(file)
config["etcd-snapshot-retention"] = 2
config["agent-token"] = "put-here-by-hand"
with open({CONFIG!r}, "w") as file:
    json.dump(config, file)
"""


def in_stack(stack: Stack, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the stack's folder, on the operator's laptop."""
    options = ["--home", str(stack.box.home), "--config-file", str(stack.box.stack_file()), "--in-stack"]
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "run", *options, "--", *command],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def drift(stack: Stack, temporary: Path) -> tuple[int, dict[str, Any]]:
    """Return the exit status and the report about the clouds and the servers; no file may be left behind."""
    words = ["-m", "ops", "drift", "--stack", "sandbox", "--only", "clouds,servers", "--format", "json"]
    done = in_stack(stack, sys.executable, *words, TMPDIR=str(temporary))
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    assert "PRIVATE KEY" not in done.stdout + done.stderr
    assert "put-here-by-hand" not in done.stdout + done.stderr
    assert list(temporary.iterdir()) == [], "the private key or another file was left behind"
    return done.returncode, json.loads(done.stdout)


def test_changes_by_hand_on_a_server_are_named_and_the_remedy_undoes_them(stack: Stack, tmp_path: Path) -> None:
    assert drift(stack, tmp_path) == (
        0,
        {
            "stack": "sandbox",
            "headline": "Drift of sandbox: no difference",
            "drifted": False,
            "findings": [],
            "notChecked": [],
            "leftOut": ["Cloudflare's published ranges"],
            "notes": [],
        },
    )
    stack.run(NODE, "ufw", "allow", "8080/tcp")
    stack.run(NODE, "python3", "-c", EDIT)
    status, report = drift(stack, tmp_path)
    assert status == 1
    assert report["notChecked"] == []
    assert [(each["subject"], each["where"], each["what"]) for each in report["findings"]] == [
        ("host firewalls", NODE, "UFW has a rule that is not in the policy: allow 8080/tcp"),
        ("k3s", NODE, "k3s' configuration has agent-token ([secret]), which the settings do not have"),
        ("k3s", NODE, "k3s' configuration has etcd-snapshot-retention 2, not 14"),
    ]
    remedies = {word for each in report["findings"] for word in each["remedy"].split("'") if word.startswith("**::")}
    assert remedies == {f"**::{NODE}-ufw-*", f"**::{NODE}-k3s*"}
    replacing = [option for pattern in sorted(remedies) for option in ("--replace", pattern)]
    up = in_stack(stack, "pulumi", "up", "--yes", "--skip-preview", "--stack", "sandbox", *replacing)
    assert up.returncode == 0, up.stdout + up.stderr
    assert drift(stack, tmp_path)[0] == 0
    assert "8080" not in stack.run(NODE, "ufw", "show", "added")


def test_every_host_is_visited_through_the_edge(stack: Stack) -> None:
    stack.visitor()
    authority = str(EdgeHost(fabric=stack.fabric).visitors_ca)
    words = ["--stack", "sandbox", "--resolve", EDGE_ADDRESSES[0], "--cacert", authority, "--format", "json"]
    done = subprocess.run(
        [*stack.fabric.enter(VISITOR), sys.executable, "-m", "ops", "visit", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    hosts = sorted(host for route in stack_config("sandbox")["honeydue:routes"] for host in route["hosts"])
    found = {each["host"]: (each["verdict"], each["status"]) for each in json.loads(done.stdout)["hosts"]}
    assert sorted(found) == hosts
    assert found["admin.sandbox.test"] == ("answered", 401)
    assert {answer for host, answer in found.items() if host != "admin.sandbox.test"} == {("answered", 200)}
