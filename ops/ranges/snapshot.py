"""Write a list of ranges to the snapshot's file, in the form that the file has."""

import json
import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.cloudflare_ranges import Ranges


def write(file: Path, ranges: Ranges) -> None:
    """Replace the lists and the date in a snapshot's file atomically; all other keys stay.

    Raises:
        OSError: If the file cannot be written; it is then unchanged.
    """
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    content["date"] = datetime.now(UTC).strftime("%Y-%m")
    content["ipv4"], content["ipv6"] = list(map(str, ranges.ipv4)), list(map(str, ranges.ipv6))
    mode = file.stat().st_mode & 0o777
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(content, indent=2) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
