"""The official installer, as the Automation API runs it, in a process of its own: it can neither hang nor litter."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from semver import VersionInfo

from sandbox.engine.environment import without_accounts
from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice

ANSWER: Final = 15
"""Seconds that the installer's site may take to answer: without a network this is all that is lost."""
PATIENCE: Final = 300
"""Seconds for the whole download."""

_INSTALL: Final = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def installed(tools: Path) -> Path | None:
    """The executable that an earlier run installed, if any."""
    executable = tools / "pulumi" / "bin" / "pulumi"
    return executable if executable.exists() else None


def install(tools: Path, version: VersionInfo, voice: Voice) -> Path:
    """Installs pulumi under `tools` and gives its path; raises SandboxError with the installer's last line.

    Everything happens in a folder beside the target, which takes its place only when complete.
    """
    voice.say(f"asking the official installer for pulumi {version}")
    part = tools / "pulumi.part"
    shutil.rmtree(part, ignore_errors=True)
    (part / "tmp").mkdir(parents=True)
    environment = {**without_accounts(os.environ), "TMPDIR": str(part / "tmp"), "PULUMI_HOME": str(part / "home")}
    process = subprocess.Popen(
        [sys.executable, "-c", _INSTALL, str(part / "root"), str(version), str(ANSWER)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
        if process.returncode:
            raise SandboxError(f"official installer: {_last_line(output)}")
        target = tools / "pulumi"
        shutil.rmtree(target, ignore_errors=True)
        (part / "root").rename(target)
        return target / "bin" / "pulumi"
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"official installer: not done after {PATIENCE} s") from error
    finally:
        _end(process)
        shutil.rmtree(part, ignore_errors=True)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it failed without a word"


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the installer with all that it started: a shell script and its download."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
