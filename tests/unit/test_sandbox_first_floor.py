"""While real servers' programs are built, the stack is shown on recorded ones, and swept away again."""

import argparse
import os
import sys
import time
from pathlib import Path

import pytest

from sandbox.commands import first_floor as module
from sandbox.engine.layout import Layout
from sandbox.tools.source import Source
from tests.unit.fake_go import Heard

SAYS = """#!/bin/sh
echo "$@" >"{arguments}"
echo 'preview: 1 to create'
echo 'up: 1 created'
echo 'what stands'
"""


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A machine that can hold real servers and has none of their programs yet."""
    monkeypatch.setattr(module, "obstacle", lambda _home: "")
    return Layout(tools=tmp_path / "tools", home=tmp_path / "home")


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the other sandbox was called with, once it was."""
    program, arguments = tmp_path / "python", tmp_path / "arguments"
    program.write_text(SAYS.format(arguments=arguments))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return arguments


def asked(tmp_path: Path, servers: str = "auto") -> argparse.Namespace:
    """The options of an `up`."""
    file = tmp_path / "Pulumi.sandbox.yaml"
    return argparse.Namespace(servers=servers, config_file=file, stack=None, generate_secrets=True)


def test_the_stack_is_shown_on_recorded_servers_in_a_home_of_its_own(
    layout: Layout, ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with module.first_floor(asked(tmp_path), layout, Heard()):
        pass
    words = ran.read_text().split()
    assert words[:5] == ["-m", "sandbox", "up", "--servers", "recorded"]
    home = Path(words[words.index("--home") + 1])
    assert layout.home not in (home, *home.parents)
    assert not home.parent.exists(), "it is not swept away"
    assert "--generate-secrets" in words
    said = capsys.readouterr().out
    assert "on recorded servers, up: 1 created\nwhat stands" in said
    assert "preview" not in said


@pytest.mark.parametrize("why", ["recorded", "obstacle", "built", "standing"])
def test_nothing_of_it_where_there_is_nothing_to_wait_for(
    layout: Layout, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "obstacle":
        monkeypatch.setattr(module, "obstacle", lambda _home: "they need root")
    if why == "built":
        monkeypatch.setattr(Source, "stands", lambda _source, _tools: True)
    if why == "standing":
        layout.home.mkdir()
        layout.servers.write_text("real")
    with module.first_floor(asked(tmp_path, "recorded" if why == "recorded" else "auto"), layout, Heard()):
        pass
    assert not ran.exists()


def test_a_build_that_fails_ends_the_other_sandbox_too(
    layout: Layout, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "endless"
    endless.write_text(f'#!/bin/sh\necho $$ >"{ran}"\nexec sleep 600\n')
    endless.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(endless))
    with pytest.raises(RuntimeError, match="the build"), module.first_floor(asked(tmp_path), layout, Heard()):
        fail_once(ran)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ran.read_text()), 0)


def fail_once(started: Path) -> None:
    """A build that fails as soon as the other sandbox runs."""
    deadline = time.monotonic() + 30
    while not started.exists() or not started.read_text().strip():
        assert time.monotonic() < deadline, "the other sandbox does not start"
        time.sleep(0.01)
    raise RuntimeError("the build")
