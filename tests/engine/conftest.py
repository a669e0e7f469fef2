"""Sandboxes for tests: each with a state and a world of its own, all with the one engine and its plugins."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.find import Engine, find
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.plugins import install_plugins
from sandbox.engine.session import Sandbox
from sandbox.engine.stack_file import StackFile
from sandbox.engine.voice import Plain

Edits = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sandboxes:
    """One folder with one state and one world; each call opens it with another stack file."""

    engine: Engine
    home: Path
    servers: str = "recorded"
    """What kind the commands of `start` and `command` make."""

    @property
    def layout(self) -> Layout:
        """Where this sandbox keeps its things."""
        return Layout(home=self.home)

    def __call__(self, edits: Edits | None = None, *, base: str = "sandbox", faults: Sequence[str] = ()) -> Sandbox:
        """A stack file of the repository with these keys changed; None takes a key out. Secrets are made as needed."""
        file = StackFile.read(self.stack_file(edits, base=base), stack=base, generate_secrets=True)
        return Sandbox(engine=self.engine, file=file, layout=self.layout, faults=faults)

    def stack_file(self, edits: Edits | None = None, *, base: str = "sandbox") -> Path:
        """The edited stack file itself."""
        content = yaml.safe_load((ROOT / f"Pulumi.{base}.yaml").read_text())
        config = {**content["config"], **(edits or {})}
        path = self.home / "files" / f"Pulumi.{base}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"config": {key: value for key, value in config.items() if value is not None}}))
        return path

    def start(self, command: str, *arguments: str, edits: Edits | None = None) -> "subprocess.Popen[str]":
        """`python -m sandbox COMMAND …` on this folder, in a process of its own."""
        options = ["--servers", self.servers, "--home", str(self.home), "--config-file", str(self.stack_file(edits))]
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", command, *options, *arguments],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str, edits: Edits | None = None) -> "subprocess.CompletedProcess[str]":
        """As `start`, waited for."""
        process = self.start(*arguments, edits=edits)
        stdout, stderr = process.communicate(timeout=900)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine, found or built, with our plugins laid out."""
    layout = Layout()
    found = find(layout.tools, Plain())
    install_plugins(layout)
    return found


@pytest.fixture
def sandbox(engine: Engine, tmp_path: Path) -> Sandboxes:
    """A fresh sandbox: no state, an empty world."""
    return Sandboxes(engine=engine, home=tmp_path / "sandbox")


@pytest.fixture(scope="session")
def stood_up(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sandbox's stack was brought up once; to be copied, not used."""
    home = tmp_path_factory.mktemp("stood-up") / "sandbox"
    stack = Sandboxes(engine=engine, home=home)()
    stack.apply()
    stack.world.close()
    return home


@pytest.fixture
def standing(engine: Engine, stood_up: Path, tmp_path: Path) -> Sandboxes:
    """A sandbox of this test's own in which the stack already stands."""
    home = tmp_path / "standing"
    shutil.copytree(stood_up, home)
    return Sandboxes(engine=engine, home=home)
