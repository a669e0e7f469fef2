"""A sandbox's home: marked as such, and changed by one command at a time."""

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
    """Makes the home, for its owner only, and marks it: `down` deletes nothing in a folder without the mark."""
    layout.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not layout.mark.exists():
        layout.mark.touch(mode=0o600)


def hold(layout: Layout, voice: Voice) -> IO[str]:
    """Waits until no other command changes this sandbox, then keeps others waiting until the answer is closed.

    Raises:
        SandboxError: when the other one takes too long.
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
                    f"another command (process {who}) changes this sandbox; wait for it, or end it"
                ) from None
            voice.live(f"waiting for another command (process {who}) to end, which changes this sandbox")
            time.sleep(0.2)
        else:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            return file
