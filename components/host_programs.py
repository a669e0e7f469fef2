"""The programs of `components/host/`: where a server keeps them, and the command that copies them there.

A program's file name holds a digest of its text, so a file never changes once it exists. Every other command names the
file it runs, which keeps commands short and makes a preview show which program changed. Old files stay on the server:
the state still refers to them until the update that replaces them is over.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = "/usr/local/lib/honeydue"
"""The folder on a server, owned by root."""

_SOURCES: Final = Path(__file__).parent / "host"
_END: Final = "END OF PROGRAM"


@cache
def source(program: str) -> str:
    """The text of a program."""
    return (_SOURCES / f"{program}.py").read_text(encoding="utf-8")


@cache
def stem(program: str) -> str:
    """The program's name and the first 16 hex digits of the SHA-256 of its text: `ufw-0123456789abcdef`."""
    return f"{program}-{_sha256(program)[:16]}"


def path(program: str) -> str:
    """The program's file on a server."""
    return f"{FOLDER}/{stem(program)}.py"


def installation_command() -> str:
    """The command that copies every program; it names each one, so that a preview shows which of them changed."""
    return " ".join(["sudo sh -s --", *map(stem, _programs())])


def installation_script() -> str:
    """The script for the command's stdin: the programs as plain text, each verified before it gets its name."""
    head = ["set -eu", "umask 022", f"mkdir -p {FOLDER}", f"cd {FOLDER}"]
    return "\n".join([*head, *map(_copy, _programs())])


def _copy(program: str) -> str:
    return f"""
cat >.new <<'{_END}'
{source(program)}{_END}
echo '{_sha256(program)}  .new' | sha256sum --check --status || {{
    echo 'programs: {program} was damaged on its way to this server; run pulumi up again' >&2
    exit 1
}}
mv .new {stem(program)}.py
"""


@cache
def _programs() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in _SOURCES.glob("*.py")))


def _sha256(program: str) -> str:
    return hashlib.sha256(source(program).encode()).hexdigest()
