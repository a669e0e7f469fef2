"""Files from an artifact that a stranger's run uploaded: unpacked by name, within a limit, and nothing else."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LIMIT: Final = 32 * 1024 * 1024
"""Bytes of one file at most. A preview of 3,000 resources has about 10 MiB."""


class ArtifactError(Exception):
    """The archive is not usable. The text has the reason."""


def unpack(archive: Path, target: Path, names: Iterable[str]) -> None:
    """Write the named files of a ZIP archive into a new folder.

    Only regular files at the top level are read, each under its given name, so no entry chooses a path or a link.

    Args:
        archive: The archive, or a folder with nothing but the archive.
        target: A folder that does not exist.
        names: The names of the files.

    Raises:
        ArtifactError: If the archive is not readable, a file is missing, is not a regular file or exceeds LIMIT.
    """
    file = archive
    if archive.is_dir():
        found = list(archive.iterdir())
        if len(found) != 1:
            raise ArtifactError(f"{archive}: it has {len(found)} entries, and must have one archive")
        file = found[0]
    try:
        with zipfile.ZipFile(file) as opened:
            contents = {name: _read(opened, name) for name in names}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(f"{file}: it is not a readable ZIP archive ({error})") from error
    target.mkdir(parents=True)
    for name, content in contents.items():
        (target / name).write_bytes(content)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise ArtifactError(f"{archive.filename}: it has no file {name}") from error
    kind = (entry.external_attr >> 16) & 0o170000
    if entry.is_dir() or kind not in {0, 0o100000}:
        raise ArtifactError(f"{archive.filename}: {name} is not a regular file")
    with archive.open(entry) as stream:
        content = stream.read(LIMIT + 1)  # the size that an entry claims may be wrong
    if len(content) > LIMIT:
        raise ArtifactError(f"{archive.filename}: {name} is larger than {LIMIT // 1024**2} MiB")
    return content
