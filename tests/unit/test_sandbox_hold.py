"""A sandbox's home: marked, for its owner only, and changed by one command at a time."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.engine import hold as module
from sandbox.engine.errors import SandboxError
from sandbox.engine.hold import hold, settle
from sandbox.engine.layout import REAL, Layout
from sandbox.engine.voice import Silent
from sandbox.world import World


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tools=tmp_path / "tools", home=tmp_path / "home")


def test_a_home_is_for_its_owner_only(layout: Layout) -> None:
    settle(layout)
    assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700


def test_two_commands_never_change_one_sandbox_at_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    first = hold(layout, Silent())
    with pytest.raises(SandboxError, match=r"another command \(process \d+\) changes this sandbox"):
        hold(layout, Silent())
    first.close()
    hold(layout, Silent()).close()


def test_the_kind_of_the_servers_is_one_of_two(layout: Layout) -> None:
    assert layout.kind == ""
    layout.home.mkdir()
    layout.servers.write_text("real\n")
    assert layout.kind == REAL
    layout.servers.write_text("")
    with pytest.raises(SandboxError, match=r"servers is broken.*real or recorded"):
        _ = layout.kind


def test_the_world_is_for_its_owner_only(layout: Layout) -> None:
    world = World(layout.world)
    world.begin_run()
    kept = sorted(layout.home.glob("world.sqlite*"))
    assert kept
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}, "servers' private keys are in it"
    world.close()


@pytest.mark.parametrize("kind", ["text", "folder"])
def test_a_world_that_is_none_is_named_with_the_way_out(layout: Layout, kind: str) -> None:
    layout.home.mkdir()
    if kind == "text":
        layout.world.write_text("no database, but long enough to be taken for one " * 30)
    else:
        layout.world.mkdir()
    with pytest.raises(SandboxError, match=r"world.sqlite is broken.*sandbox down"):
        World(layout.world)


def test_a_second_look_at_the_world_keeps_the_first_ones_locks(layout: Layout) -> None:
    first = World(layout.world)
    World(layout.world).close()
    exclusive = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('PRAGMA journal_mode=DELETE')"
    done = subprocess.run(
        [sys.executable, "-c", exclusive, str(layout.world)], capture_output=True, text=True, check=False
    )
    assert "database is locked" in done.stderr, "another process could delete the log under this one"
    first.close()
