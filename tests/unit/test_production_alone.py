"""The production program does not know that a sandbox exists."""

import re
from pathlib import Path

import pytest

from tests.stack_files import ROOT

PROGRAM = [ROOT / "__main__.py", *sorted((ROOT / "components").rglob("*.py"))]


@pytest.mark.parametrize("file", PROGRAM, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_in_components_is_for_the_sandbox(file: Path) -> None:
    text = file.read_text()
    assert not re.search("sandbox", text, re.IGNORECASE), "the sandbox adapts to the program, not the program to it"
    assert "HONEYDUE_" not in text, "an environment variable would be a second configuration beside the stack file"
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
    assert not imported & {"sandbox", "tests", "bench", "ops", "pictures"}
