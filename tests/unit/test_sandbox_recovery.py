"""What a killed run leaves in a state, and what the state is made into."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import processes, recovery
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.engine.recovery import Pending, settled, stale_locks
from sandbox.engine.voice import Silent

A = "urn:pulumi:s::honeydue::hcloud:index/sshKey:SshKey::a"
B = "urn:pulumi:s::honeydue::hcloud:index/server:Server::b"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tools=tmp_path / "tools", home=tmp_path / "home")


def state(resources: list[dict[str, Any]], *pending: tuple[str, str]) -> dict[str, Any]:
    operations = [{"type": kind, "resource": {"urn": urn, "inputs": {"name": urn[-1]}}} for kind, urn in pending]
    return {"resources": resources, "pending_operations": operations}


def test_what_was_created_before_the_kill_is_taken_into_the_state() -> None:
    before = state([{"urn": A, "id": "1"}], ("creating", B))
    after = settled(before, [Pending(kind="creating", urn=B, made="7")])
    assert [(entry["urn"], entry["id"]) for entry in after["resources"]] == [(A, "1"), (B, "7")], "or it is made twice"
    assert after["resources"][1]["inputs"] == {"name": "b"}
    assert "pending_operations" not in after
    assert "pending_operations" in before, "the given state is not changed"


def test_what_was_not_created_before_the_kill_is_forgotten() -> None:
    after = settled(state([{"urn": A, "id": "1"}], ("creating", B)), [Pending(kind="creating", urn=B)])
    assert [entry["urn"] for entry in after["resources"]] == [A], "a resource without an object would never be made"


@pytest.mark.parametrize("kind", ["updating", "deleting"])
def test_interrupted_updates_and_deletions_are_left_to_the_refresh(kind: str) -> None:
    after = settled(state([{"urn": A, "id": "1"}], (kind, A)), [Pending(kind=kind, urn=A)])
    assert after == {"resources": [{"urn": A, "id": "1"}]}


def test_a_replacement_made_before_the_kill_stands_and_the_old_one_waits_for_its_deletion() -> None:
    before = state([{"urn": A, "id": "1"}, {"urn": B, "id": "2", "dependencies": [A]}], ("creating", A))
    after = settled(before, [Pending(kind="creating", urn=A, made="9")])
    assert [(entry["id"], entry.get("delete", False)) for entry in after["resources"]] == [
        ("9", False),
        ("1", True),
        ("2", False),
    ], "dependents come after what they depend on, and the old object must still be deleted"


def test_a_replacement_whose_old_one_is_gone_takes_its_place() -> None:
    before = state([{"urn": A, "id": "1", "pendingReplacement": True}], ("creating", A))
    after = settled(before, [Pending(kind="creating", urn=A, made="9")])
    assert [entry["id"] for entry in after["resources"]] == ["9"], "what was deleted first is not deleted again"


def lock(layout: Layout, pid: int, hostname: str | None = None) -> Path:
    folder = layout.locks("trial")
    folder.mkdir(parents=True)
    file = folder / "1.json"
    file.write_text(json.dumps({"pid": pid, "hostname": hostname or socket.gethostname(), "timestamp": "now"}))
    return file


def test_no_lock_is_no_matter(layout: Layout) -> None:
    assert not stale_locks(layout, "trial", Silent())


def test_a_lock_of_a_process_that_is_gone_is_stale(layout: Layout) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock(layout, gone.pid)
    assert stale_locks(layout, "trial", Silent()), "a killed run must not lock the stack for ever"


def test_a_lock_whose_number_went_to_another_program_is_stale(layout: Layout) -> None:
    lock(layout, os.getpid())
    assert stale_locks(layout, "trial", Silent()), "process numbers are used again; this one is no engine"


@pytest.mark.parametrize("hostname", ["another-machine"])
def test_a_lock_that_may_be_held_is_respected(layout: Layout, hostname: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "PATIENCE", 0.1)
    lock(layout, 1, hostname)
    with pytest.raises(SandboxError, match=r"another update of trial is at work.*another-machine.*sandbox down"):
        stale_locks(layout, "trial", Silent())


@pytest.fixture
def engine(tmp_path: Path, layout: Layout) -> "subprocess.Popen[bytes]":
    """Something called pulumi with a plugin under it, both of this sandbox."""
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sh")
    return subprocess.Popen(
        [str(program), "-c", "sleep 600 & wait"],
        env={**os.environ, "HONEYDUE_SANDBOX_WORLD": str(layout.world)},
        start_new_session=True,
    )


def plugins(layout: Layout) -> list[int]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [process.pid for process in processes.processes(layout) if Path(process.program).name == "sleep"]
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("the plugin did not start")


def test_a_plugin_is_left_alone_while_its_engine_lives_and_ended_after(
    layout: Layout, engine: "subprocess.Popen[bytes]"
) -> None:
    try:
        running = plugins(layout)
        assert processes.end_orphans(layout) == [], "ending a running update's provider would break it"
        engine.kill()
        engine.wait()
        assert processes.end_orphans(layout) == running, "a provider that outlives its engine could still create"
        assert processes.processes(layout) == []
    finally:
        with suppress(ProcessLookupError):
            os.killpg(engine.pid, signal.SIGKILL)


def test_a_lock_of_an_engine_at_work_is_waited_for(
    layout: Layout, engine: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE", 0.1)
    try:
        plugins(layout)
        lock(layout, engine.pid)
        with pytest.raises(SandboxError, match="another update of trial is at work"):
            stale_locks(layout, "trial", Silent())
    finally:
        os.killpg(engine.pid, signal.SIGKILL)
        engine.wait()
