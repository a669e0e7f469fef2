"""The programs on this machine: the Pulumi CLI, its plugins, Python, ssh."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from semver import Version

from ops.checks.before.context import PATIENCE, Context
from ops.checks.model import Result, failed, note, passed, skipped, warning
from ops.engine import EngineError, Pulumi

_PIN: Final = re.compile(r"^(pulumi(?:-[a-z]+)?)==([0-9]+\.[0-9]+\.[0-9]+)", re.MULTILINE)
_NO_PLUGINS: Final = ("pulumi-policy",)
"""Packages without a plugin."""
_PYTHON: Final = (3, 11)
"""As in `requires-python` of pyproject.toml."""
_INSTALL: Final = "https://www.pulumi.com/docs/iac/download-install/"


def checks(context: Context) -> Iterator[Result]:
    """Check the Pulumi CLI, the plugins, Python and the ssh client."""
    pins = _pins(context.folder)
    yield _cli(context.folder, pins.get("pulumi"))
    yield _plugins(context.folder, pins)
    yield _python(context.folder)
    if place := shutil.which("ssh"):
        yield passed("ssh client", place)
    else:
        yield warning(
            "ssh client",
            "ssh is not on PATH; `pulumi up` does not need it, but you and `python -m ops drift` do",
            "install OpenSSH's client",
        )


def _pins(folder: Path) -> dict[str, str]:
    """Return the versions of Pulumi's packages in requirements.txt."""
    try:
        return dict(_PIN.findall((folder / "requirements.txt").read_text(encoding="utf-8")))
    except OSError:
        return {}


def _cli(folder: Path, pinned: str | None) -> Result:
    name = "Pulumi CLI"
    try:
        words = Pulumi(folder=folder, patience=PATIENCE).run(["version"]).stdout.strip()
        found = Version.parse(words.removeprefix("v")).finalize_version()
    except EngineError as error:
        return failed(name, str(error), f"install the Pulumi CLI: {_INSTALL}")
    except ValueError:
        return warning(name, f"`pulumi version` printed no version: {words[:80]!r}", f"reinstall the CLI: {_INSTALL}")
    if pinned is None:
        return warning(
            name, f"{found}; requirements.txt names no version of the SDK", "run the check in the repository's folder"
        )
    if found < Version.parse(pinned):
        return failed(
            name,
            f"{found} is older than the program's SDK, {pinned}",
            f"update the CLI to {pinned} or newer: {_INSTALL}",
        )
    return passed(name, f"{found}, and the program's SDK is {pinned}")


def _plugins(folder: Path, pins: dict[str, str]) -> Result:
    name = "plugins"
    wanted = {
        f"{package.removeprefix('pulumi-')} {version}"
        for package, version in pins.items()
        if package != "pulumi" and package not in _NO_PLUGINS
    }
    try:
        listed = json.loads(Pulumi(folder=folder, patience=PATIENCE).run(["plugin", "ls", "--json"]).stdout or "[]")
    except EngineError:
        return skipped(name, "the Pulumi CLI does not work")
    missing = wanted - {f"{each['name']} {each.get('version')}" for each in listed}
    if missing:
        return note(name, f"the CLI will download {', '.join(sorted(missing))} at the first preview")
    return passed(name, ", ".join(sorted(wanted)))


def _python(folder: Path) -> Result:
    """Check the Python of .venv, or the one with which the CLI will create it."""
    name, least = "Python", ".".join(map(str, _PYTHON))
    settings = folder / ".venv" / "pyvenv.cfg"
    if settings.exists():
        found = re.search(r"^version(?:_info)?\s*=\s*(\S+)", settings.read_text(encoding="utf-8"), re.MULTILINE)
        version, place = found[1] if found else "", ".venv"
    else:
        version, place = _python_on_path(), "python3, from which the CLI will create .venv"
    if not version:
        return failed(
            name,
            "there is no .venv, and `python3` with the modules venv and ensurepip does not start",
            f"install Python {least} or newer with venv (on Debian: python3-venv)",
        )
    if tuple(int(part) for part in re.findall(r"[0-9]+", version)[:2]) < _PYTHON:
        return failed(
            name,
            f"{version} ({place}); the program needs {least}",
            f"put Python {least} or newer first on PATH as python3, delete .venv, and run the check again",
        )
    return passed(name, f"{version} ({place})")


def _python_on_path() -> str:
    """Return the version of `python3` if it can create a virtual environment, else an empty text."""
    code = "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        done = subprocess.run(["python3", "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
