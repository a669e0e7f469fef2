"""The virtual environment of a program or a policy pack, as `runtime.options` of its project file names it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 900.0
"""What an installation may take."""


class InstallationError(Exception):
    """The environment could not be made; the text holds pip's last words."""


def python(root: str, options: Any) -> Path:
    """Return the interpreter of a project's environment, whether it exists or not.

    Args:
        root: The folder of the project file.
        options: The runtime's options. Without `virtualenv` the program runs in the host's own environment.
    """
    name = dict(options).get("virtualenv")
    return Path(root, str(name), "bin", "python") if name else Path(sys.executable)


def install(root: str, options: Any) -> Iterator[str]:
    """Create the environment and install requirements.txt, unless it exists; yield what happens.

    Raises:
        InstallationError: If a command fails.
    """
    interpreter = python(root, options)
    if interpreter.exists():
        return
    folder = interpreter.parent.parent
    yield f"Creating virtual environment {folder.name} ...\n"
    _run([sys.executable, "-m", "venv", str(folder)])
    yield "Installing requirements.txt ...\n"
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "-r", str(Path(root, "requirements.txt"))])
    yield "Finished installing dependencies\n"


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise InstallationError(f"{' '.join(command[1:4])} failed:\n{done.stderr[-2000:]}")
