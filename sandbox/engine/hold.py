"""The home folder of a sandbox: its marker file, and a lock for one command at a time."""

import fcntl
import os
import time
from typing import IO, Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.engine.voice import Voice

PATIENCE: Final = 300.0
"""Seconds to wait for another command; a first update with real servers takes about 75."""


def settle(layout: Layout) -> None:
    """Create the home, for its owner only, and mark it; `down` deletes nothing in a folder without the marker."""
    layout.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not layout.mark.exists():
        layout.mark.touch(mode=0o600)


def hold(layout: Layout, voice: Voice) -> IO[str]:
    """Wait until no other command changes this sandbox, and block other commands until the returned file is closed.

    Raises:
        SandboxError: If the other command takes too long.
    """
    settle(layout)
    file = layout.mark.open("a+")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = layout.mark.read_text().strip() or "unknown"
            if time.monotonic() > deadline:
                file.close()
                raise SandboxError(
                    f"another command (process {who}) changes this sandbox; wait until it ends, or stop it"
                ) from None
            voice.live(f"waiting for another command (process {who}) that changes this sandbox")
            time.sleep(0.2)
        else:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            return file
