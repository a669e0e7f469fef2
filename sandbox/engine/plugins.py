"""What the engine finds installed: our providers in place of the clouds' own, and the runner of the policy pack."""

import sys
from pathlib import Path
from typing import Final

from sandbox.engine.layout import ROOT, Layout
from sandbox.providers.installing import install

_ANALYZER: Final = "analyzer-policy-python-v0.0.1"

# The engine starts this in the pack's folder, with its own address, that folder, and options of the pack's runtime.
_RUNNER: Final = """#!/bin/sh
PYTHONPATH='{root}' exec '{python}' -u -m pulumi.policy "$1" "$2"
"""


def install_plugins(layout: Layout) -> None:
    """Lays all plugins into the private PULUMI_HOME, each bound to this Python and this repository; cheap to repeat."""
    layout.plugins.mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable)
    install(layout.plugins, python, ROOT)
    folder = layout.plugins / _ANALYZER
    folder.mkdir(exist_ok=True)
    runner = folder / "pulumi-analyzer-policy-python"
    text = _RUNNER.format(root=ROOT, python=python)
    if not runner.exists() or runner.read_text() != text:
        part = runner.with_name("runner.part")
        part.write_text(text)
        part.chmod(0o755)
        part.replace(runner)
