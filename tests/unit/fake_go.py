"""A go that is made for the occasion, and a voice that remembers."""

import os
import stat
from pathlib import Path

import pytest

GO = """
echo "$(basename "$PWD") $*" >> "$GO_SAW"
case "$1" in
env) echo "${GO_IS:-go1.99.0}" ;;
build)
    while [ "$1" != -o ]; do shift; done
    echo "go: downloading example.com/one v1.0.0"
    echo example.com/one/package
    for name in $(sed -n 's|.*/cmd/||p; s|^tool .*/kine$|kine|p' go.mod); do echo "$PWD" > "$2/$name"; done
    ;;
esac
"""


class Heard:
    """A voice that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.lively: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def live(self, text: str) -> None:
        self.lively.append(text)


class Go:
    """A go on PATH that notes what it is asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setenv("GO_SAW", str(folder / "saw"))
        self.executable = folder / "go"
        self.saw = folder / "saw"
        self.does(GO)

    def does(self, script: str) -> None:
        self.executable.write_text(f"#!/bin/sh\n{script}\n")
        self.executable.chmod(self.executable.stat().st_mode | stat.S_IXUSR)

    @property
    def built(self) -> list[str]:
        """The modules that were built, in order."""
        lines = self.saw.read_text().splitlines() if self.saw.exists() else []
        return [line.split()[0] for line in lines if line.split()[1] == "build"]
