"""Host programs run as over SSH: their text handed to a Python, with fake tools first on PATH."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ROOT / "components" / "host"


def source(program: str, changes: Mapping[str, str] | None = None) -> str:
    """A program's text, with some of its constants' lines changed."""
    text = (PROGRAMS / f"{program}.py").read_text(encoding="utf-8")
    for old, new in (changes or {}).items():
        assert text.count(f"\n{old}") == 1, f"{program}.py has no line that starts with {old!r}"
        head, _, tail = text.partition(f"\n{old}")
        text = f"{head}\n{new}{tail[tail.index(chr(10)) :]}"
    return text


def run_program(
    program: str,
    *args: str,
    tools: Path,
    stdin: str = "",
    changes: Mapping[str, str] | None = None,
    only_tools: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program with a verb and arguments; `tools` holds the fakes that it shall find first, or alone."""
    environment = {**os.environ, "PATH": str(tools) if only_tools else f"{tools}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", source(program, changes), *args]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def fake(tools: Path, name: str, script: str) -> None:
    """Put a tool on the program's PATH; `$DIR` is the folder it stands in, and it notes its calls in `$DIR/calls`."""
    tools.mkdir(parents=True, exist_ok=True)
    tool = tools / name
    tool.write_text(f'#!/bin/sh\nDIR=$(dirname "$0")\necho "{name} $*" >>"$DIR/calls"\n{script}\n')
    tool.chmod(0o755)


def calls(tools: Path) -> list[str]:
    """The calls of all fakes, in order."""
    noted = tools / "calls"
    return noted.read_text().splitlines() if noted.exists() else []
