"""A Traefik chart that the user gives, for the real Helm to render instead of the sandbox's own translation."""

import os
import shutil
import tarfile
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError

VARIABLE: Final = "SANDBOX_TRAEFIK_CHART"
"""The path of a packed chart, such as traefik-39.0.5.tgz."""


def given_chart() -> Path | None:
    """The chart that the environment names. Raises SandboxError if it is none."""
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    file = Path(text)
    try:
        with tarfile.open(file) as archive:
            named = any(name.endswith("/Chart.yaml") for name in archive.getnames())
    except (OSError, EOFError, tarfile.TarError) as error:
        raise SandboxError(f"{VARIABLE}: {file} is no packed chart: {error}") from error
    if not named:
        raise SandboxError(f"{VARIABLE}: {file} holds no Chart.yaml, so it is no packed chart")
    return file


def lay_out(chart: Path | None, tools: Path) -> None:
    """Puts it where servers look for it; without one there is none."""
    place = tools / "charts" / "traefik.tgz"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if chart is not None:
        shutil.copyfile(chart, place)
