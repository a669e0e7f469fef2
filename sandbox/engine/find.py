"""Which pulumi drives the sandbox: the one on PATH, the official installer's, or one built from Go modules."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semver import VersionInfo

from sandbox.engine.build import build, built
from sandbox.engine.environment import without_accounts
from sandbox.engine.errors import SandboxError
from sandbox.engine.official import install, installed
from sandbox.engine.voice import Silent, Voice

NEEDED: Final = VersionInfo.parse("3.259.0")
"""The oldest engine that will do: the version of the SDK in requirements.in."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A pulumi executable that runs, its version, and where it came from in words."""

    path: Path
    version: VersionInfo
    source: str

    def __str__(self) -> str:
        """One line for people."""
        return f"pulumi {self.version}, {self.source} ({self.path})"


def find(tools: Path, voice: Voice) -> Engine:
    """Finds an engine of at least NEEDED, and makes one under `tools` if there is none.

    Asked in this order: PATH, what an earlier run left in `tools`, the official installer, Go. `voice` gets a line for
    each choice that did not serve. Raises SandboxError that names the choices when none did.
    """
    on_path = shutil.which("pulumi")
    if engine := standing_engine(tools, voice):
        return engine
    reasons = [f"PATH: {'the pulumi there does not serve, see above' if on_path else 'there is no pulumi'}"]
    for make, source in ((install, "from the official installer"), (build, "built from Go modules")):
        try:
            path = make(tools, NEEDED, voice)
        except SandboxError as error:
            reasons.append(str(error))
            voice.say(str(error))
            continue
        if engine := _usable(path, source, voice):
            return engine
        reasons.append(f"{path} {source} does not run")
    raise SandboxError(
        "There is no engine to run the stack with. One of these three is needed:\n"
        f"  1. pulumi {NEEDED} or newer on PATH\n"
        "  2. a network that reaches get.pulumi.com, for the official installer\n"
        "  3. Go on PATH with a module proxy or a filled module cache, to build the engine\n"
        "What was tried:\n" + "\n".join(f"  - {reason}" for reason in reasons)
    )


def standing_engine(tools: Path, voice: Voice | None = None) -> Engine | None:
    """The engine on PATH, or the one that an earlier run left in `tools`; None if there is none that will do."""
    voice = voice or Silent()
    on_path = shutil.which("pulumi")
    candidates = (
        (Path(on_path) if on_path else None, "the one on PATH"),
        (installed(tools), "from the official installer"),
        (built(tools), "built from Go modules"),
    )
    usable = (_usable(path, source, voice) for path, source in candidates if path)
    return next(filter(None, usable), None)


def version_of(executable: Path) -> VersionInfo:
    """What `pulumi version` says. Raises SandboxError when it does not run or does not answer with a version."""
    try:
        with tempfile.TemporaryDirectory() as home:  # even this leaves a log, which is not to lie in the user's own
            answer = subprocess.run(
                [executable, "version"],
                env={**without_accounts(os.environ), "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
        return VersionInfo.parse(answer.stdout.strip().removeprefix("v"))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxError(f"{executable} does not answer to `pulumi version`: {error}") from error


def _usable(path: Path, source: str, voice: Voice) -> Engine | None:
    try:
        version = version_of(path)
    except SandboxError as error:
        voice.say(str(error))
        return None
    if version < NEEDED or version.major != NEEDED.major:
        voice.say(f"{path} is pulumi {version}; {NEEDED} or newer is needed, below {NEEDED.major + 1}.0.0")
        return None
    return Engine(path=path, version=version, source=source)
