"""Host programs by their content: the texts in `components/host/`, and the script that copies them to a server.

This module reads the texts and computes their digests by itself, so a command that runs any other text is refused.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

_PROGRAMS: Final = Path(__file__).resolve().parents[3] / "components" / "host"
FOLDER: Final = "/usr/local/lib/honeydue"
"""The folder of the host programs on a server."""
INSTALL: Final = "sudo sh -s --"
"""The command that copies the host programs, before their names."""

_COPY: Final = """
cat >.new <<'END OF PROGRAM'
{content}END OF PROGRAM
echo '{sha256}  .new' | sha256sum --check --status || {{
    echo 'programs: {name} was damaged on its way to this server; run pulumi up again' >&2
    exit 1
}}
mv .new {name}-{digest}.py
"""
"""The part of the installation script that copies one program."""


@cache
def programs() -> dict[str, str]:
    """Return the text of each host program of this repository, by its name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(_PROGRAMS.glob("*.py"))}


def sha256(content: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


@cache
def installation() -> tuple[str, str]:
    """Return the command that copies the host programs to a server, and its script."""
    names = [f"{name}-{sha256(content)[:16]}" for name, content in programs().items()]
    copies = [
        _COPY.format(name=name, content=content, sha256=sha256(content), digest=sha256(content)[:16])
        for name, content in programs().items()
    ]
    head = ["set -eu", "umask 022", f"mkdir -p {FOLDER}", f"cd {FOLDER}"]
    return " ".join([INSTALL, *names]), "\n".join([*head, *copies])
