"""The recovery document on a server: private, whole, and never replaced by a damaged one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from components.host.recovery import DOCUMENT
from tests.unit.host_programs import run_program

if TYPE_CHECKING:
    import subprocess


def keep(root: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """Run the program with this text on stdin, and with the folder as the server's root."""
    return run_program("recovery", "keep", tools=root, stdin=text, changes={"ROOT": f'ROOT = "{root}/"'})


def test_the_document_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    done = keep(tmp_path, '{"resources": {}}')
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)) == {"document"}
    file = tmp_path / DOCUMENT
    assert file.read_text() == '{"resources": {}}'
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_newer_document_replaces_the_former_and_a_readable_one_becomes_private(tmp_path: Path) -> None:
    file = tmp_path / DOCUMENT
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    file.chmod(0o644)
    keep(tmp_path, '{"format": 1}')
    assert file.read_text() == '{"format": 1}'
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_damaged_document_is_refused_and_shows_nothing_of_itself(tmp_path: Path) -> None:
    keep(tmp_path, '{"format": 1}')
    done = keep(tmp_path, '{"key": "-----BEGIN PRIVATE KEY')
    assert done.returncode == 1
    assert done.stderr == "recovery: the document on stdin is not JSON; the former document stays\n"
    assert (tmp_path / DOCUMENT).read_text() == '{"format": 1}'
