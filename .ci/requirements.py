# ruff: noqa: INP001 - a script of its own, in no package
"""Whether requirements*.txt are what uv makes of requirements*.in today; without an index, whether they can be."""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FILES: Final = ("requirements", "requirements-dev")

_UNREACHABLE: Final = re.compile(
    r"failed to (fetch|download|connect)|error sending request|dns error|timed? ?out", re.IGNORECASE
)
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:==([^\s;\\]+))?")


def main() -> int:
    """Says what is out of step and gives 1, or 0."""
    problems: list[str] = []
    for name in FILES:
        compiled = _compiled(name)
        if compiled is None:
            say(f"{name}.txt: no index in reach, so only the pins themselves are compared")
            problems += _by_pins(name)
        elif compiled:
            problems.append(f"{name}.txt is not what {name}.in gives; `make requirements` renews it:\n{compiled}")
        else:
            say(f"{name}.txt: is what {name}.in gives")
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


def say(line: str) -> None:
    """A line on stdout."""
    sys.stdout.write(f"{line}\n")


def _compiled(name: str) -> str | None:
    """The difference to a fresh compilation, "" if there is none, None if no index can be reached."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / f"{name}.txt"
        shutil.copyfile(ROOT / fresh.name, fresh)  # what is pinned already stays, so only real differences show
        command = ["pip", "compile", "--quiet", "--generate-hashes", "--python-version=3.11"]
        done = subprocess.run(
            [Path(sys.executable).parent / "uv", *command, f"--output-file={fresh}", f"{name}.in"],
            cwd=ROOT,
            env={**os.environ, "UV_HTTP_TIMEOUT": "10"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            return None if _UNREACHABLE.search(done.stderr) else done.stderr
        before, after = (_lines(path.read_text()) for path in (ROOT / fresh.name, fresh))
        return "\n".join(difflib.unified_diff(before, after, "now", "compiled", lineterm="", n=0))


def _by_pins(name: str) -> list[str]:
    """What the .in file pins and the .txt file does not, and what stands there without a hash."""
    text = (ROOT / f"{name}.txt").read_text()
    locked = {_canonical(match[1]): match[2] for line in text.splitlines() if (match := _PIN.match(line)) and match[2]}
    problems = [
        f"{name}.txt: {block.split()[0]} has no hash" for block in _blocks(text) if "--hash=sha256:" not in block
    ]
    for line in (ROOT / f"{name}.in").read_text().splitlines():
        match = _PIN.match(line)
        if not match:
            continue
        there = locked.get(_canonical(match[1]))
        if there is None or match[2] not in (None, there):
            problems.append(f"{name}.in asks for {match[0]}; {name}.txt has {there or 'none'}")
    return problems


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def _blocks(text: str) -> list[str]:
    return re.findall(r"^[A-Za-z0-9](?:.|\n(?=\s))*", text, re.MULTILINE)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
