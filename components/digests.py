"""Digests of texts and of plain data, each the start of a SHA-256 in hexadecimal digits.

Digests are part of resource names, triggers and commands, and servers compute the same ones. Another digest for the
same content would therefore change resources of a live stack.
"""

import hashlib
import json
from typing import Any


def digest(text: str, digits: int = 16) -> str:
    """Return the first digits of a text's SHA-256; 64 are all."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def json_digest(value: Any) -> str:
    """Return the digest of a value's canonical JSON: sorted keys, no spaces."""
    return digest(json.dumps(value, sort_keys=True, separators=(",", ":")))
