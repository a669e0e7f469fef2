"""The steps of docs/operations.md, "When the state is lost", as commands."""

import re
from typing import Final

from sandbox.engine.layout import ROOT

SECTION: Final = (
    (ROOT / "docs" / "operations.md").read_text().partition("\n## When the state is lost\n")[2].partition("\n## ")[0]
)
DOCUMENT: Final = "recovery.json"
"""The document's copy, which step 2 makes."""


def commands(stack: str) -> list[str]:
    """Return the commands from the creation of the stack to the update, in order, for a stack."""
    every = re.findall(r"^ {7}(\S.+)$", SECTION, re.MULTILINE)
    first = next(number for number, command in enumerate(every) if command.startswith("pulumi stack init"))
    return [command.replace("STACK", stack) for command in every[first:]]
