"""Keep the recovery document of the stack on this server, readable by root only.

The document holds what exists only in the state of the stack, such as private keys. `python -m ops import` reads it
after the state was lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

ROOT = "/"
DOCUMENT = "var/lib/honeydue/recovery.json"


def keep(text: str) -> dict[str, str]:
    """Replace the document atomically, and return its digest."""
    json.loads(text)  # a document that was cut off on its way must not replace a whole one
    path = ROOT + DOCUMENT
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)
    return {"document": hashlib.sha256(text.encode()).hexdigest()[:16]}


if __name__ == "__main__":
    try:
        print(json.dumps({"keep": keep}[sys.argv[1]](sys.stdin.read())))
    except ValueError:
        sys.exit("recovery: the document on stdin is not JSON; the former document stays")
    except (OSError, KeyError) as error:
        sys.exit(f"recovery: {error}")
