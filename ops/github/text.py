"""Texts of comments, issues and pull requests: the marker that finds them again, and the limit of characters."""

import os
import re
from typing import Final

LIMIT: Final = 65_536
"""GitHub's limit of characters in one comment, issue or pull request."""
KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""The form of a key."""

_FENCE: Final = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_DETAILS: Final = re.compile(r"<(/?)details\b", re.IGNORECASE)


def marked(text: str | None, key: str) -> bool:
    """Return whether a text starts with the marker of this key. A marker further down is a quotation."""
    first = (text or "").lstrip("\ufeff").split("\n", 1)[0]
    return first.strip() == _marker(key)


def compose(text: str, key: str, note: str = "", limit: int = LIMIT) -> str:
    """Return the marker, the text and a note, in at most `limit` characters.

    A text that is too long is cut at the end of a line, and the result says how much is left out. Code blocks and
    `<details>` that the cut leaves open are closed.
    """
    head, tail = f"{_marker(key)}\n", f"\n\n{note}\n" if note else "\n"
    text = text.strip("\n")
    room = limit - len(head) - len(tail)
    return f"{head}{text if len(text) <= room else _shortened(text, room)}{tail}"


def run_link() -> str:
    """Return a Markdown link to the workflow's run; empty outside a workflow."""
    server, name, run = (os.environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"[Run of the workflow]({server}/{name}/actions/runs/{run})" if server and name and run else ""


def _marker(key: str) -> str:
    return f"<!-- honeydue: {key} -->"


def _shortened(text: str, room: int) -> str:
    kept: list[str] = []
    length, fence, details = 0, "", 0
    end = _end(text, 0, "", 0)
    for line in text.split("\n"):
        fence, details = _after(line, fence, details)
        length += len(line) + 1
        if length + len(_end(text, length, fence, details + 1)) > room:
            break
        kept.append(line)
        end = _end(text, length, fence, details)
    return "\n".join((*kept, end))


def _after(line: str, fence: str, details: int) -> tuple[str, int]:
    """Return the open fence and the number of open `<details>` behind a line."""
    found = _FENCE.match(line)
    if fence:
        closes = found and found[1].startswith(fence) and not found[2].strip()
        return ("" if closes else fence), details
    if found:
        return found[1], details
    for closing in _DETAILS.findall(line):
        details = max(0, details + (-1 if closing else 1))
    return "", details


def _end(text: str, length: int, fence: str, details: int) -> str:
    closing = [fence] if fence else []
    closing += ["\n</details>"] * details
    left_out = f"\n**{len(text) - length:,} of {len(text):,} characters are left out, because GitHub allows no more.**"
    return "\n".join((*closing, left_out))
