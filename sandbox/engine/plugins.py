"""What the engine finds installed: our providers in place of the clouds' own, and the runner of the policy pack."""

import sys
from pathlib import Path
from typing import Final

from sandbox.engine.layout import ROOT, Layout
from sandbox.providers.installing import install

_ANALYZER: Final = "analyzer-policy-python-v0.0.1"
_LANGUAGE: Final = "language-python-v0.0.1"

# The engine starts this in the pack's folder, with its own address, that folder, and options of the pack's runtime.
_RUNNER: Final = """#!/bin/sh
PYTHONPATH='{root}' exec '{python}' -u -m pulumi.policy "$1" "$2"
"""

_LANGUAGE_HOST: Final = """#!/bin/sh
PYTHONPATH='{root}' exec '{python}' -u -P -m sandbox.language "$@"
"""


def install_plugins(layout: Layout) -> None:
    """Lays all plugins into the private PULUMI_HOME, each bound to this Python and this repository; cheap to repeat."""
    layout.plugins.mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable)
    install(layout.plugins, python, ROOT)
    _executable(layout.plugins / _ANALYZER / "pulumi-analyzer-policy-python", _RUNNER)


def install_for_cli(layout: Layout) -> None:
    """Install all plugins into the PULUMI_HOME for the CLI itself, with a language host; cheap to repeat.

    The official CLI prefers the language host beside its own executable.
    """
    plugins = layout.cli_home / "plugins"
    plugins.mkdir(parents=True, exist_ok=True, mode=0o700)
    install(plugins, Path(sys.executable), ROOT)
    _executable(plugins / _LANGUAGE / "pulumi-language-python", _LANGUAGE_HOST)


def _executable(file: Path, template: str) -> None:
    text = template.format(root=ROOT, python=Path(sys.executable))
    if file.exists() and file.read_text() == text:
        return
    file.parent.mkdir(exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.chmod(0o755)
    part.replace(file)
