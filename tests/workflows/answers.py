"""Commands of `python -m ops` that are replaced in a checkout, because they would leave this machine."""

import sys

from tests.checkout import Checkout


def answer(checkout: Checkout, command: str, script: str) -> None:
    """Let `python -m ops COMMAND` of a checkout run this shell script instead."""
    python = checkout.folder / ".venv" / "bin" / "python"
    if python.parent.parent.is_symlink():
        python.parent.parent.unlink()
        python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\nif [ "$1 $2 $3" = "-m ops {command}" ]; then\n{script}\nfi\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
