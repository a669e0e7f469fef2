"""A copy of the repository as a user has it, with the Pulumi CLI on PATH and the sandbox's clouds behind it."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.engine import secrets
from sandbox.engine.find import Engine
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.plain_cli import plain_cli, zones_in


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The folder of the copy, and the home of the sandbox that its commands work on.

    Attributes:
        variables: Further environment variables of every command.
    """

    folder: Path
    engine: Engine
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """The sandbox's folders."""
        return Layout(home=self.home)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command."""
        return {**plain_cli(self.layout, self.engine, zones_in(self.folder)), **self.variables}

    def run(self, *command: str, stdin: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command in the folder; `python` is this one. Fail with its last words unless `check` is off."""
        words = [sys.executable, *command[1:]] if command[0] == "python" else list(command)
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def edit(self, stack: str, edits: Mapping[str, Any]) -> None:
        """Set keys in a stack file; None deletes one."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        config = {**content["config"], **edits}
        content["config"] = {key: value for key, value in config.items() if value is not None}
        file.write_text(yaml.safe_dump(content))

    def start_stack(self, stack: str, edits: Mapping[str, Any]) -> None:
        """Create a stack with these edits of its file and with secrets of the real ones' form."""
        self.edit(stack, edits)
        self.run("pulumi", "stack", "init", stack)
        generated = secrets.generate(self.layout, stack, secrets.known())
        for key, value in generated.values.items():
            self.run("pulumi", "config", "set", "--stack", stack, "--secret", key, stdin=value)


def copy_repository(folder: Path, *, venv: bool = True) -> Path:
    """Copy the tracked and the new files of the repository; `venv` links this environment as the copy's `.venv`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    if venv:
        (folder / ".venv").symlink_to(sys.prefix)
    return folder
