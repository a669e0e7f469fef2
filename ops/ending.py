"""How a command ends when its input is wrong."""

import sys
from typing import Final, NoReturn

import typer

USAGE: Final = 2
"""The exit status for a mistake on the command line, in a file or in the environment."""


def refuse(message: str) -> NoReturn:
    """Write one error to stderr and end with USAGE.

    Args:
        message: The problem, its place, and the allowed input.
    """
    sys.stderr.write(f"error: {message}\n")
    raise typer.Exit(USAGE)
