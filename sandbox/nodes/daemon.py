"""A process that outlives the command that started it, and is found again by a mark in its environment."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError

_MARK: Final = "HONEYDUE_SANDBOX_DAEMON"
_TAIL: Final = 800
"""Characters of the log that an error shows."""


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """The one such process of a folder; its id and its log lie there."""

    folder: Path
    log: Path

    @property
    def pid(self) -> int:
        """Its process id; 0 if it does not run."""
        try:
            pid = int((self.folder / "pid").read_text())
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return 0
        return pid if f"{_MARK}={self.folder}".encode() in environment else 0

    def start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start it, with next to nothing in its environment, and wait until it can be found.

        Raises:
            SandboxError: with what it said, when it ends at once.
        """
        with self.log.open("ab") as stream:
            process = subprocess.Popen(
                command,
                env={"PATH": os.environ.get("PATH", os.defpath), _MARK: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(str(process.pid))
        while not self.pid:  # until the new process has its own environment, which is but a moment
            if process.poll() is not None:
                raise SandboxError(f"{command[0]} for {self.folder} does not start: {self.last_words}")
            time.sleep(0.005)
        return process

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace").strip()[-_TAIL:]
