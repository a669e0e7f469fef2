"""Write the file for `pulumi import --file`.

Source of the format: importFile and importSpec in pulumi/pkg/v3/cmd/pulumi/operations/import.go, 3.259.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops.recovery.recover import Entry
from ops.recovery.values import for_file, is_known


def render(entries: Sequence[Entry]) -> str:
    """Return the file's content. It contains secrets in plain text, which the engine encrypts in the state.

    The URN of each resource serves as its name within the file, because names alone are not unique.
    """
    return json.dumps({"resources": [_resource(entry) for entry in entries]}, indent=1) + "\n"


def unknown(entries: Sequence[Entry]) -> list[str]:
    """Return the names of resources with a value that is not known."""
    return [
        entry.registration.name
        for entry in entries
        if not is_known([entry.registration.inputs, entry.found and [entry.found.inputs, entry.found.state]])
    ]


def write(file: Path, text: str) -> None:
    """Write a file that only its owner can read.

    Raises:
        OSError: If it cannot be written.
    """
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def _resource(entry: Entry) -> dict[str, Any]:
    registration, found = entry.registration, entry.found
    content: dict[str, Any] = {
        "type": registration.type,
        "name": registration.urn,
        "logicalName": registration.name,
        "id": found.id if found else None,
        "parent": registration.parent,
        "provider": registration.provider,
        "version": registration.version,
        "component": not registration.custom,
    }
    if found is None and registration.custom:
        content["inputs"] = for_file(registration.inputs)
    if found is not None and found.state is not None:
        content |= {"inputs": for_file(found.inputs or {}), "outputs": for_file(found.state)}
    return {key: value for key, value in content.items() if value}
