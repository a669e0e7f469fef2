"""The operator's own Go: found, judged by its age, and kept to what go.mod and go.sum say."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable

from sandbox.engine.environment import without_accounts
from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice
from sandbox.tools.source import Source


def go() -> str:
    """The executable; raises SandboxError without one."""
    found = shutil.which("go")
    if not found:
        raise SandboxError("Go: there is no go on PATH")
    return found


def go_environment() -> dict[str, str]:
    """What go sees: no account, no workspace around our modules, and no C compiler, which not every machine has."""
    return {**without_accounts(os.environ), "GOWORK": "off", "CGO_ENABLED": "0"}


def judge_go(sources: Iterable[Source], voice: Voice) -> None:
    """Says so when go is older than a go.mod asks for: it then fetches a newer one by itself, if it may."""
    try:
        answer = subprocess.run(
            [go(), "env", "GOVERSION"],
            cwd="/",
            env={**go_environment(), "GOTOOLCHAIN": "local"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"Go: {go()} does not run: {error}") from error
    have = re.match(r"go(\d+(?:\.\d+)*)", answer.stdout)
    for source in sources:
        if have and _numbers(have[1]) < _numbers(source.go):
            voice.say(
                f"go {have[1]} is older than the {source.go} that {source.name} asks for; "
                "it has to fetch a newer toolchain first"
            )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
