"""A folder with the repository's stack files."""

from pathlib import Path

import pytest

from tests.ops.stacks.commands import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A fresh copy of the repository's stack files."""
    return Folder.of(tmp_path)
