"""The programs of `components/host/`: their location on a server, and the command that copies them there.

The file name of a program contains a digest of its text, so a file never changes. Every other command names the file
that it runs; this keeps commands short, and a preview shows which program changed. Old files stay on the server,
because the state refers to them until the update that replaces them has ended.
"""

from functools import cache
from pathlib import Path
from typing import Final

from components.digests import digest

FOLDER: Final = "/usr/local/lib/honeydue"
"""The folder on a server; root owns it."""

_SOURCES: Final = Path(__file__).parent / "host"
_END: Final = "END OF PROGRAM"


@cache
def source(program: str) -> str:
    """Return the text of a program."""
    return (_SOURCES / f"{program}.py").read_text(encoding="utf-8")


@cache
def stem(program: str) -> str:
    """Return the program's name and the first 16 hex digits of the SHA-256 of its text: `ufw-0123456789abcdef`."""
    return f"{program}-{digest(source(program))}"


def path(program: str) -> str:
    """Return the path of the program on a server."""
    return f"{FOLDER}/{stem(program)}.py"


def installation_command() -> str:
    """Return the command that copies every program; it names each one, so that a preview shows which changed."""
    return " ".join(["sudo sh -s --", *map(stem, _programs())])


def installation_script() -> str:
    """Return the script for the command's stdin: the programs as plain text, each verified before it gets its name."""
    head = ["set -eu", "umask 022", f"mkdir -p {FOLDER}", f"cd {FOLDER}"]
    return "\n".join([*head, *map(_copy, _programs())])


def _copy(program: str) -> str:
    return f"""
cat >.new <<'{_END}'
{source(program)}{_END}
echo '{digest(source(program), 64)}  .new' | sha256sum --check --status || {{
    echo 'programs: {program} was damaged on its way to this server; run pulumi up again' >&2
    exit 1
}}
mv .new {stem(program)}.py
"""


@cache
def _programs() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in _SOURCES.glob("*.py")))
