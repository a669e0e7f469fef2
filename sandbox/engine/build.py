"""The engine from Go modules: the very sources that Pulumi releases, compiled once and kept."""

from pathlib import Path
from typing import Final

from semver import VersionInfo

from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice
from sandbox.tools import building
from sandbox.tools.source import Source

MODULE: Final = Path(__file__).resolve().parent.parent / "tools" / "pulumi"
"""The module that pins the engine and all that it is built from."""


def built(tools: Path) -> Path | None:
    """The executable that an earlier run built from today's go.mod and go.sum, if any."""
    return _source().standing(tools, "pulumi")


def fingerprint() -> str:
    """What today's go.mod and go.sum come to; a binary is good as long as it was built from the same."""
    return _source().fingerprint()


def build(tools: Path, version: VersionInfo, voice: Voice) -> Path:
    """Builds pulumi into `tools`/bin and gives its path; `voice` tells how far it is.

    Raises SandboxError with go's last words.
    """
    source = _source()
    if source.version != version:
        raise SandboxError(f"Go: {source.folder / 'go.mod'} pins pulumi {source.version}, not {version}")
    building.build([source], tools, voice)
    return source.executable(tools, "pulumi")


def _source() -> Source:
    return Source(
        folder=MODULE,
        origin="github.com/pulumi/pulumi/pkg/v3",
        binaries=("pulumi",),
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v{version}"},
    )
