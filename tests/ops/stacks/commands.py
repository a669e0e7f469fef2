"""Run `python -m ops` in a folder of its own that has the repository's stack files."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.layout import ROOT

FLAGS: Final = {
    "--zone": "demo-zone.com",
    "--servers": "3",
    "--location": "hel1",
    "--server-type": "cx23",
    "--operator": "198.18.0.10/32",
    "--host": "api.demo-zone.com",
    "--service": "api",
    "--port": "8000",
    "--backend": "s3://state?region=eu-central-1",
}
"""Every flag without which `new-stack` would ask."""


def flags(**changes: str | None) -> list[str]:
    """Return FLAGS as arguments. A keyword, with _ for -, changes one; None omits it."""
    chosen = {**FLAGS, **{f"--{key.replace('_', '-')}": value for key, value in changes.items()}}
    return [part for flag, value in chosen.items() if value is not None for part in (flag, value)]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder with stack files."""

    path: Path

    @classmethod
    def of(cls, path: Path) -> "Folder":
        """Copy the repository's Pulumi.yaml and stack files into a folder."""
        for file in ROOT.glob("Pulumi*.yaml"):
            shutil.copy(file, path)
        return cls(path=path)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command: this repository's modules, from another folder."""
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def ops(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `python -m ops` without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def file(self, stack: str) -> Path:
        """Return the path of a stack's file."""
        return self.path / f"Pulumi.{stack}.yaml"

    def snapshot(self) -> dict[str, bytes]:
        """Return the content of every file."""
        return {file.name: file.read_bytes() for file in self.path.iterdir()}
