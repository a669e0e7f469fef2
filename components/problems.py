"""One problem of a stack file, in the words that its reader needs."""

from typing import Any, NamedTuple


class Problem(NamedTuple):
    """Where, what, and what is allowed instead."""

    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value + ': ' if self.value else ''}{self.allowed}"


def shown(value: Any) -> str:
    """A value as an error shows it: quoted, and cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
