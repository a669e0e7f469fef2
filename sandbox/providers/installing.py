"""Lays the plugins where the engine looks for them."""

import json
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sandbox.providers.inputs import PACKAGES, inputs

_EXECUTABLE: Final = """#!/bin/sh
PYTHONPATH={root} exec {python} -P -m sandbox.providers {name} {version} {table}
"""


def install(plugins_dir: Path, python: Path, root: Path) -> None:
    """Lay the six plugins out under the versions that the installed SDKs ask for; what is there already stays.

    Args:
        plugins_dir: `plugins` of a PULUMI_HOME.
        python: The interpreter that has the SDKs.
        root: The folder that `sandbox` is in.
    """
    for name, package in PACKAGES.items():
        installed = version(package)
        folder = plugins_dir / f"resource-{name}-v{installed}"
        executable, table = folder / f"pulumi-resource-{name}", folder / "inputs.json"
        words = (str(root), str(python), name, installed, str(table))
        keys = ("root", "python", "name", "version", "table")
        text = _EXECUTABLE.format(**{key: shlex.quote(word) for key, word in zip(keys, words, strict=True)})
        if table.exists() and executable.exists() and executable.read_text() == text:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        _write(table, json.dumps(inputs(name), indent=1, sort_keys=True), 0o644)
        _write(executable, text, 0o755)


def _write(file: Path, text: str, mode: int) -> None:
    """All of it or nothing, since an engine may be starting it."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.chmod(mode)
    part.replace(file)
