"""Read plain data. A value that is unknown or has the wrong type raises an exception.

`attempt` turns both exceptions into outcomes: an unknown value is not judged, a wrong type is a violation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .model import UNKNOWN


class NotKnown(Exception):  # noqa: N818 - not an error: the update will know the value
    """A rule needs a value that the preview does not know.

    Attributes:
        path: The path of the value, such as `spec.rules[0].host`.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not known yet")
        self.path = path


class MalformedError(Exception):
    """A value has a form that a rule cannot judge, so the rule refuses it."""


Outcome = str | NotKnown
"""A rule yields the message of a violation, or the unknown value that it could not judge."""

Check = Callable[["View"], Iterator[Outcome]]
"""A check of one value."""


class View:
    """A value in plain data, its path, and the table that lists what it may be."""

    def __init__(self, value: Any, path: str = "", table: str = "") -> None:
        self._value = value
        self.path = path
        self.table = table

    @property
    def value(self) -> Any:
        """The value, or None if it is missing.

        Raises:
            NotKnown: If the value, or anything inside it, is unknown.
        """
        self._known()
        for inner in (*self._children(),):
            _ = inner.value
        return self._value

    @property
    def missing(self) -> bool:
        """Whether there is no value.

        Raises:
            NotKnown: If the value is unknown.
        """
        self._known()
        return self._value is None

    def at(self, *keys: str) -> "View":
        """Return the value under these keys; its value is None if it does not exist.

        Raises:
            NotKnown: If a value on the path is unknown.
            MalformedError: If a value on the path is not a mapping.
        """
        here = self
        for key in keys:
            here._known()
            if here._value is None:
                return View(None, ".".join(filter(None, [self.path, *keys])), self.table)
            here._shaped(Mapping, "a mapping")
            here = View(here._value.get(key), f"{here.path}.{key}" if here.path else key, self.table)
        return here

    def listed_in(self, table: str) -> "View":
        """Return the same value with another table, such as `VALUES in policy/guardrails/traefik.py`."""
        return View(self._value, self.path, table)

    def items(self) -> list["View"]:
        """Return the elements of a list; a missing list has none.

        Raises:
            NotKnown: If the list is unknown.
            MalformedError: If it is not a list.
        """
        self._known()
        if self._value is None:
            return []
        self._shaped(list, "a list")
        return list(self._children())

    def entries(self) -> dict[str, "View"]:
        """Return the entries of a mapping; a missing mapping has none.

        Raises:
            NotKnown: If the mapping is unknown.
            MalformedError: If it is not a mapping.
        """
        self._known()
        if self._value is None:
            return {}
        self._shaped(Mapping, "a mapping")
        return {str(key): self.at(key) for key in self._value}

    def texts(self) -> list[str]:
        """Return the elements of a list of strings.

        Raises:
            NotKnown: If the list or an element is unknown.
            MalformedError: If it is not a list of strings.
        """
        return [item.text() for item in self.items()]

    def text(self) -> str:
        """Return the string.

        Raises:
            NotKnown: If it is unknown.
            MalformedError: If it is not a string.
        """
        self._known()
        self._shaped(str, "a string")
        return str(self._value)

    def _shaped(self, kind: type, words: str) -> None:
        """Refuse another type. The message does not contain the value, which may be a secret."""
        if not isinstance(self._value, kind):
            found = "missing" if self._value is None else f"of type {type(self._value).__name__}"
            raise MalformedError(f"{self.path or 'it'} is {found}, but must be {words}")

    def _known(self) -> None:
        if self._value is UNKNOWN:
            raise NotKnown(self.path)

    def _children(self) -> Iterator["View"]:
        if isinstance(self._value, Mapping):
            yield from (self.at(key) for key in self._value)
        elif isinstance(self._value, list):
            yield from (View(item, f"{self.path}[{index}]", self.table) for index, item in enumerate(self._value))


def attempt(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes of a check, and at the end the exception that stopped it, as an outcome."""
    try:
        yield from outcomes
    except NotKnown as gap:
        yield gap
    except MalformedError as fault:
        yield f"{fault}; it cannot be judged, so it is refused"


def each(views: Iterable[View], check: Check) -> Iterator[Outcome]:
    """Check every value by itself, so that an unknown one does not hide the others."""
    for view in views:
        yield from attempt(check(view))


def together(*checks: Iterator[Outcome]) -> Iterator[Outcome]:
    """Run several checks, each by itself."""
    for check in checks:
        yield from attempt(check)
