"""A Go module of ours that pins other people's programs, and which of its executables an earlier run left behind."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from semver import VersionInfo

from sandbox.engine.errors import SandboxError


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder with go.mod and go.sum; the `tool` directives name the executables, go.sum holds every checksum."""

    folder: Path
    origin: str
    """The foreign module whose version is the executables' own."""
    binaries: tuple[str, ...] = ()
    """The executables that the `tool` directives make."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the linker sets, `{version}` filled in: without it the executables would not know their version."""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.folder.name

    @property
    def version(self) -> VersionInfo:
        """The version of `origin` that go.mod pins; raises SandboxError when it pins none."""
        found = re.search(rf"^(?:require)?\s*{re.escape(self.origin)} v(\S+)", self._go_mod, re.MULTILINE)
        if not found:
            raise SandboxError(f"Go: {self.folder / 'go.mod'} does not pin {self.origin}")
        return VersionInfo.parse(found[1])

    @property
    def go(self) -> str:
        """The oldest Go that will do."""
        found = re.search(r"^go (\S+)$", self._go_mod, re.MULTILINE)
        return found[1] if found else "1"

    @property
    def linker_flags(self) -> str:
        """For -ldflags: no debug symbols, and `variables`."""
        version = self.version
        variables = (f"-X {key}={value.format(version=version)}" for key, value in self.variables.items())
        return " ".join(("-s -w", *variables))

    def fingerprint(self) -> str:
        """What today's go.mod and go.sum come to; what was made of them is good as long as they are the same."""
        return hashlib.sha256(b"".join((self.folder / name).read_bytes() for name in ("go.mod", "go.sum"))).hexdigest()

    def standing(self, tools: Path, binary: str) -> Path | None:
        """The executable that an earlier run built from today's go.mod and go.sum, if any."""
        executable, stamp = self.executable(tools, binary), self.stamp(tools, binary)
        good = executable.exists() and stamp.exists() and stamp.read_text() == self.fingerprint()
        return executable if good else None

    def stands(self, tools: Path) -> bool:
        """Whether all executables were built from today's go.mod and go.sum."""
        return all(self.standing(tools, binary) for binary in self.binaries)

    def executable(self, tools: Path, binary: str) -> Path:
        """Where a built executable lies."""
        return tools / "bin" / binary

    def stamp(self, tools: Path, binary: str) -> Path:
        """What an executable was built from; it is written last, so that half a build has none."""
        return tools / "bin" / f"{binary}.stamp"

    @property
    def _go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()
