"""A problem of a stack file, and its text."""

from typing import Any, NamedTuple


class Problem(NamedTuple):
    """The key, its value, and what is allowed instead."""

    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value + ': ' if self.value else ''}{self.allowed}"


def shown(value: Any) -> str:
    """Return a value as an error shows it: quoted, and cut to 78 characters if it is longer than 80."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
