"""Read the recovery document, which components/recovery.py keeps on every control plane."""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from components import recovery
from components.host.recovery import DOCUMENT
from components.recovery import FORMAT
from ops.recovery.program import Registration

PLACE: Final = f"/{DOCUMENT}"
"""The document's path on a control plane."""


class NotADocumentError(ValueError):
    """The text is no recovery document. The error contains nothing of it."""


class Kept(BaseModel):
    """A resource that exists only in the state: its id, a digest of its inputs, and its other outputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    inputs: str
    outputs: dict[str, Any]


class Document(BaseModel):
    """The recovery document. The keys of `resources` are `TYPE::NAME`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    resources: dict[str, Kept]


def parse(text: str) -> Document:
    """Return the document in a text.

    Raises:
        NotADocumentError: If the text is no document, or one of another format.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotADocumentError("it is not JSON") from error
    if isinstance(content, dict) and content.get("format") not in (None, FORMAT):
        raise NotADocumentError(f"its format is {content['format']!r}, and this version reads format {FORMAT}")
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise NotADocumentError(f"{place}: {first['msg']}") from None


def read(file: Path) -> Document:
    """Return the document in a file.

    Raises:
        NotADocumentError: As `parse`.
        OSError: If the file cannot be read.
    """
    try:
        return parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise NotADocumentError("it is not UTF-8 text") from error


def is_kept(registration: Registration) -> bool:
    """Return whether the document holds this resource."""
    return recovery.is_kept(registration.type, registration.name)


def key(registration: Registration) -> str:
    """Return the document's key of a resource."""
    return f"{registration.type}::{registration.name}"
