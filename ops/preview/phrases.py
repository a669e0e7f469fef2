"""Sentences about changes, in parts, so that the same sentence about several resources becomes one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

_LISTED: Final = 8
"""A sentence names at most this many resources."""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A sentence: `lead`, the resources that it is about, `tail`.

    Attributes:
        slot: A resource. Phrases that differ only in it become one sentence.
        counted: What the resources are, such as `server`, if their number is enough from two on.
    """

    lead: str = ""
    slot: str = ""
    tail: str = ""
    counted: str = ""

    @property
    def sentence(self) -> "Phrase":
        """The phrase without its resource."""
        return replace(self, slot="")

    def text(self, slots: Sequence[str]) -> str:
        """Return the sentence about these resources."""
        unique = sorted({slot for slot in slots if slot}, key=_natural)
        if self.counted and len(unique) > 1:
            return f"{self.lead}{len(unique)} {self.counted}s{self.tail}"
        return f"{self.lead}{listed(unique)}{self.tail}"


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key that puts node2 before node10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name))


def listed(names: Sequence[str], limit: int = _LISTED) -> str:
    """Return the names, the first few of them if there are many."""
    if len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit:,} more"


def ranges(sources: Iterable[str]) -> str:
    """Return address ranges: all of them, or their number and the first few."""
    names = sorted(sources)
    return listed(names) if len(names) <= 4 else f"{len(names)} ranges ({', '.join(names[:3])}, ...)"


def rule_changes(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield what opens and closes, port by port.

    Args:
        before: The sources that may reach each port now.
        after: The sources that may reach it after the update.
    """
    for port in sorted({*before, *after}, key=_natural):
        name = port if port.startswith("every") else f"port {port}"
        old, new = before.get(port, set()), after.get(port, set())
        if new - old:
            yield f"{name} opens for {ranges(new - old)}"
        if old - new:
            yield f"{name} closes for {ranges(old - new)}"


def shown(value: Any) -> str:
    """Return a value for a sentence; a missing one is `none`."""
    return "none" if value in (None, "", {}, []) else str(value)
