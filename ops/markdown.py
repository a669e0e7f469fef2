"""Text that GitHub shows as it is, within its limit of characters."""

import re
from collections.abc import Sequence
from typing import Final

LIMIT: Final = 65_536
"""GitHub's limit of characters in one comment or issue."""
_LINE: Final = 1_000
"""Characters of one sentence at most."""
_SPECIAL: Final = re.compile(r"([\\`*_\[\]~|#])")


def escape(text: str) -> str:
    """Return a sentence without markup, HTML and mentions of users; a long one is cut."""
    return _plain(cut(" ".join(text.split())))


def with_code(text: str) -> str:
    """Return a sentence of this program's own; what is between its backticks is code."""
    return "`".join(part if index % 2 else _plain(part) for index, part in enumerate(text.split("`")))


def fenced(lines: Sequence[str], language: str = "") -> str:
    """Return a block of code; its fence is longer than every run of backticks in it."""
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", body)), default=0))
    return f"{fence}{language}\n{body}\n{fence}"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")


def cut(text: str) -> str:
    """Return a text of bounded length; it says how much is left out."""
    return text if len(text) <= _LINE else f"{text[:_LINE]}... ({len(text) - _LINE:,} characters left out)"
