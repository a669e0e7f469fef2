"""The processes of a sandbox: which are at work, which were left behind, and how they end."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Never

from sandbox.engine.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of this sandbox: the engine, a provider, the policy pack."""

    pid: int
    parent: int
    program: str

    @property
    def is_engine(self) -> bool:
        """Whether it is pulumi itself."""
        return Path(self.program).name == "pulumi"


def processes(layout: Layout) -> list[Process]:
    """All processes that were started for this sandbox, known by the world in their environment."""
    mark = f"HONEYDUE_SANDBOX_WORLD={layout.world}"
    return [process for process, environment in _all_processes() if mark in environment]


def end_orphans(layout: Layout) -> list[int]:
    """Ends plugins whose engine is gone, since such a provider could still create things; gives their process ids."""
    mine = {process.pid: process for process in processes(layout)}
    orphans = [process.pid for process in mine.values() if not _under_an_engine(process, mine)]
    end(orphans)
    return orphans


def kill(pids: Iterable[int]) -> None:
    """Ends processes at once, as a crash does."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end(pids: Sequence[int]) -> None:
    """Ends processes: asks first, insists after two seconds, returns when they are gone."""
    for sent, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, sent)
        deadline = time.monotonic() + patience
        while any(_alive(pid) for pid in pids):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def end_in_order() -> None:
    """From now on SIGTERM ends this program as Ctrl-C does: by an exception, on which what it made is taken away."""
    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell starts its background jobs deaf to the second
        signal.signal(ending, _as_interrupt)


def engine_at_work(pid: int) -> bool:
    """Whether this process is there and is an engine, of whichever sandbox."""
    return any(process.pid == pid and process.is_engine for process, _ in _all_processes())


def _as_interrupt(_signal: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


def _under_an_engine(process: Process, mine: dict[int, Process]) -> bool:
    step: Process | None = process
    while step is not None:
        if step.is_engine:
            return True
        step = mine.get(step.parent)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    try:
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _all_processes() -> Iterator[tuple[Process, set[str]]]:
    """Each process that this user may look into, with its environment: from /proc, or from ps where there is none."""
    if not Path("/proc/self/environ").exists():
        yield from _from_ps()
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = folder.joinpath("environ").read_bytes().decode(errors="replace").split("\0")
            arguments = folder.joinpath("cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        yield Process(pid=int(folder.name), parent=parent, program=arguments[0]), set(environment)


def _from_ps() -> Iterator[tuple[Process, set[str]]]:
    listing = subprocess.run(
        ["ps", "axeww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, timeout=30, check=False
    )
    for line in listing.stdout.splitlines():
        pid, parent, *words = line.split()
        if words:
            yield Process(pid=int(pid), parent=int(parent), program=words[0]), set(words)
