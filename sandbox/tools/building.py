"""Executables from Go modules: the very sources that their makers release, pinned by go.sum, compiled once and kept."""

import fcntl
import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice
from sandbox.tools.go import go, go_environment, judge_go
from sandbox.tools.source import Source

PATIENCE: Final = 2400
"""Seconds for one module, and for another process that builds."""


def build(sources: Sequence[Source], tools: Path, voice: Voice) -> None:
    """Builds all executables of `sources` into `tools`/bin, side by side; `voice` tells how far each is.

    Raises SandboxError with go's last words; what else was being built is then ended.
    """
    judge_go(sources, voice)
    folder = tools / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, voice) as waited:
        # whoever had to wait may find the work done
        waiting = deque(source for source in sources if not (waited and source.stands(tools)))
        cores = os.cpu_count() or 1
        at_once = max(1, min(cores, len(waiting)))
        running: list[_Build] = []
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.append(_Build(waiting.popleft(), tools, cores // at_once, voice))
                for done in _listen(running):
                    done.finish()
                    running.remove(done)
                if running:
                    voice.live("\n".join(map(str, running)))
        finally:
            for left in running:
                left.end()


class _Build:
    """One go at work, on one module."""

    def __init__(self, source: Source, tools: Path, cores: int, voice: Voice) -> None:
        self._source: Final = source
        self._fingerprint: Final = source.fingerprint()
        self._tools: Final = tools
        self._voice: Final = voice
        self._names: Final = " and ".join(source.binaries)
        self._part: Final = tools / "bin" / f"{source.name}.part"
        self._downloaded = self._compiled = 0
        self._words: Final[deque[str]] = deque(maxlen=3)
        self._rest = b""
        self._started: Final = time.monotonic()
        voice.say(
            f"building {self._names} {source.version} from Go modules into {tools / 'bin'}: "
            "minutes the first time, never again after that"
        )
        for binary in source.binaries:
            source.stamp(tools, binary).unlink(missing_ok=True)
        shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir()
        flags = ["-mod=readonly", "-trimpath", "-v", "-p", str(cores), "-ldflags", source.linker_flags]
        self._process: Final = subprocess.Popen(
            [go(), "build", *flags, "-o", f"{self._part}/", "tool"],
            cwd=source.folder,
            env=go_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __str__(self) -> str:
        """How far it is, in one line."""
        fetched = f", {self._downloaded} modules fetched" if self._downloaded else ""
        return f"building {self._names}: {self._compiled} packages compiled{fetched}, {self._seconds:.0f} s"

    def fileno(self) -> int:
        """Where go speaks."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        return self._process.stdout.fileno()

    def hear(self) -> bool:
        """Takes in what go has said; whether it may say more."""
        said = os.read(self.fileno(), 65536)
        *lines, self._rest = (self._rest + (said or b"\n")).split(b"\n")
        for raw in lines:
            line = raw.decode(errors="replace").strip()
            if line.startswith("go: downloading"):
                self._downloaded += 1
            elif re.fullmatch(r"[\w.~/-]+", line):
                self._compiled += 1
            elif line:
                self._words.append(line)
        return bool(said)

    def judge(self) -> None:
        """Raises SandboxError when it takes too long."""
        if self._seconds > PATIENCE:
            raise SandboxError(f"Go: building {self._names} is not done after {PATIENCE} s")

    def finish(self) -> None:
        """Lays the executables out, when go has no more to say; raises SandboxError when it failed."""
        if self._process.wait(timeout=60):
            words = " / ".join(self._words or ["go build failed without a word"])
            raise SandboxError(f"Go: building {self._names}: {words}")
        for binary in self._source.binaries:
            made = self._part / binary
            if not made.exists():
                raise SandboxError(f"Go: {self._source.folder / 'go.mod'} makes no {binary}")
            made.replace(self._source.executable(self._tools, binary))
            self._source.stamp(self._tools, binary).write_text(self._fingerprint)
        self.end()
        self._voice.say(f"built {self._names} in {self._seconds:.0f} s")

    def end(self) -> None:
        """Ends go with its compilers, if they are still at work, and takes away what was made in part."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._part, ignore_errors=True)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._started


def _listen(running: Sequence[_Build]) -> list[_Build]:
    """Hears whoever speaks within a second; gives those that have no more to say."""
    with selectors.DefaultSelector() as selector:
        for one in running:
            one.judge()
            selector.register(one, selectors.EVENT_READ)
        speaking = [key.fileobj for key, _ in selector.select(timeout=1)]
    return [one for one in running if one in speaking and not one.hear()]


@contextmanager
def _alone(folder: Path, voice: Voice) -> Iterator[bool]:
    """Lets one process build at a time; gives whether another one was at it before."""
    deadline = time.monotonic() + PATIENCE
    waited = False
    with (folder / ".lock").open("w") as lock:
        while not _taken(lock.fileno()):
            if time.monotonic() > deadline:
                raise SandboxError(f"Go: another process has been building into {folder} for {PATIENCE} s")
            if not waited:
                voice.say(f"another process is building into {folder}; waiting for it")
            waited = True
            time.sleep(0.2)
        yield waited


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
