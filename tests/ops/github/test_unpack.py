"""`ops github unpack`: an artifact of a stranger's run is data."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.github import artifact
from tests.ops.github.conftest import Command

WORDS = ("unpack", "--archive", "artifact", "--into", "fork", "--file", "preview.json", "--file", "number")


def pack(files: Mapping[str, bytes], link: str = "") -> None:
    Path("artifact").mkdir()
    with zipfile.ZipFile("artifact/preview-prod.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if name == link else 0o100644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def test_the_named_files_are_unpacked_and_nothing_else(ops: Command) -> None:
    pack({"preview.json": b"{}", "number": b"7\n", "other": b"x", "../../escape": b"x", "/abs": b"x"})
    assert ops(*WORDS).exit_code == 0
    assert {path.name: path.read_bytes() for path in Path("fork").iterdir()} == {
        "preview.json": b"{}",
        "number": b"7\n",
    }
    assert sorted(path.name for path in Path().iterdir()) == ["artifact", "fork"]


@pytest.mark.parametrize(
    ("files", "link", "words"),
    [
        ({"number": b"7"}, "", "it has no file preview.json"),
        ({"preview.json": b"/etc/passwd", "number": b"7"}, "preview.json", "preview.json is not a regular file"),
        ({"preview.json": b"0" * 5000, "number": b"7"}, "", "preview.json is larger than"),
    ],
)
def test_an_archive_that_is_not_plain_is_refused_as_a_whole(
    ops: Command, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, bytes], link: str, words: str
) -> None:
    monkeypatch.setattr(artifact, "LIMIT", 4096)
    pack(files, link)
    done = ops(*WORDS)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not Path("fork").exists()


def test_what_is_no_archive_is_refused(ops: Command) -> None:
    Path("artifact").mkdir()
    Path("artifact/preview.json").write_text("{}")
    done = ops(*WORDS)
    assert done.exit_code == 2
    assert "not a readable ZIP archive" in done.stderr
    Path("artifact/second").touch()
    assert "must have one archive" in ops(*WORDS).stderr


def test_a_name_is_no_path(ops: Command) -> None:
    pack({"preview.json": b"{}"})
    done = ops("unpack", "--archive", "artifact", "--into", "fork", "--file", "../preview.json")
    assert done.exit_code == 2
    assert "plain name" in done.stderr
