"""The engine from Go modules: the very sources that Pulumi releases, pinned by go.sum, compiled once and kept."""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Final

from semver import VersionInfo

from sandbox.engine.environment import without_accounts
from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice

MODULE: Final = Path(__file__).resolve().parent.parent / "tools" / "pulumi"
"""The module that pins the engine and all that it is built from."""

_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3"
_VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def built(tools: Path) -> Path | None:
    """The executable that an earlier run built from today's go.mod and go.sum, if any."""
    executable = tools / "bin" / "pulumi"
    stamp = _stamp_file(tools)
    return executable if executable.exists() and stamp.exists() and stamp.read_text() == fingerprint() else None


def fingerprint() -> str:
    """What today's go.mod and go.sum come to; a binary is good as long as it was built from the same."""
    return hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()


def build(tools: Path, version: VersionInfo, voice: Voice) -> Path:
    """Builds pulumi into `tools`/bin and gives its path; `voice` tells how far it is.

    Raises SandboxError with go's last words.
    """
    go = shutil.which("go")
    if not go:
        raise SandboxError("Go: there is no go on PATH")
    _pinned(version)
    _judge_go(go, voice)
    folder = tools / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    _stamp_file(tools).unlink(missing_ok=True)
    voice.say(
        f"building pulumi {version} from Go modules into {folder}: minutes the first time, never again after that"
    )
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{version}"
    command = [go, "build", "-mod=readonly", "-trimpath", "-v", "-ldflags", flags, "-o", str(folder), "tool"]
    environment = {**without_accounts(os.environ), "GOWORK": "off"}
    with subprocess.Popen(
        command,
        cwd=MODULE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            last_words = _follow(process, voice)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise SandboxError("Go: " + " / ".join(last_words or ["go build failed without a word"]))
    _stamp_file(tools).write_text(fingerprint())
    return folder / "pulumi"


def _follow(process: subprocess.Popen[str], voice: Voice) -> list[str]:
    """Reads go's output to its end, saying now and then how far it is; gives the last lines that are no progress."""
    downloaded = compiled = 0
    words: deque[str] = deque(maxlen=3)
    started = time.monotonic()
    assert process.stdout is not None  # noqa: S101 - it was asked for above
    for raw in process.stdout:
        line = raw.strip()
        if line.startswith("go: downloading"):
            downloaded += 1
        elif re.fullmatch(r"[\w.~/-]+", line):
            compiled += 1
        elif line:
            words.append(line)
        fetched = f", {downloaded} modules fetched" if downloaded else ""
        voice.live(f"building pulumi: {compiled} packages compiled{fetched}, {time.monotonic() - started:.0f} s")
    process.wait()
    if not process.returncode:
        voice.say(f"built in {time.monotonic() - started:.0f} s")
    return list(words)


def _pinned(version: VersionInfo) -> None:
    """Raises SandboxError unless go.mod pins exactly the engine that is asked for."""
    pinned = re.search(rf"{re.escape(_PACKAGE)} v(\S+)", (MODULE / "go.mod").read_text())
    if not pinned or pinned[1] != str(version):
        raise SandboxError(f"Go: {MODULE / 'go.mod'} pins pulumi {pinned[1] if pinned else 'nowhere'}, not {version}")


def _judge_go(go: str, voice: Voice) -> None:
    """Says so when go is older than go.mod asks for: it then fetches a newer one by itself, if it may."""
    wanted = re.search(r"^go (\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        cwd="/",
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    have = re.match(r"go(\d+(?:\.\d+)*)", answer.stdout)
    if wanted and have and _numbers(have[1]) < _numbers(wanted[1]):
        voice.say(
            f"go {have[1]} is older than the {wanted[1]} that pulumi asks for; it has to fetch a newer toolchain first"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _stamp_file(tools: Path) -> Path:
    return tools / "bin" / "pulumi.stamp"
