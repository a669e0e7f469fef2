"""Requests and answers of the HTTP stand-ins, and the list of one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request: its method, the path behind the API's base, its query, its bearer token and its JSON body."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str
    body: Any = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(self.path.strip("/").split("/"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status, JSON or else plain text, and further headers."""

    status: int = 200
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list."""

    items: Sequence[Any]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page, at least 1."""
        return max(1, -(-self.total // self.size))


def page_of(items: Sequence[Any], query: Mapping[str, str], *, default: int, largest: int) -> Page:
    """Return the page that a query asks for with `page` and `per_page`.

    Args:
        items: The whole list.
        query: The query.
        default: Items per page if the query does not say.
        largest: The most items per page that the API allows.

    Raises:
        ValueError: If a number is none, or out of range.
    """
    number, size = int(query.get("page") or 1), int(query.get("per_page") or default)
    if number < 1 or not 1 <= size <= largest:
        raise ValueError(f"page {number}, per_page {size}: pages start at 1 and have 1 to {largest} items")
    start = (number - 1) * size
    return Page(items=items[start : start + size], number=number, size=size, total=len(items))
