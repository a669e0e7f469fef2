"""Reading plain data without swallowing anything: what is not known yet, or not of the right shape, stops the reader.

`attempt` turns either into something to say: the one into "not judged", the other into a violation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .model import UNKNOWN


class NotKnown(Exception):  # noqa: N818 - no error: a preview's way to say "later"
    """A value that a rule needs and that the preview does not know.

    Attributes:
        path: Where it stands, `spec.rules[0].host`.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not known yet")
        self.path = path


class MalformedError(Exception):
    """A value of a shape that a rule can't judge, and therefore refuses."""


Outcome = str | NotKnown
"""What a rule yields: a violation's message, or what it could not judge."""


class View:
    """A place in plain data and the way to it."""

    def __init__(self, value: Any, path: str = "") -> None:
        self._value = value
        self.path = path

    @property
    def value(self) -> Any:
        """What stands here, None where nothing does.

        Raises:
            NotKnown: when it, or anything inside it, is not known.
        """
        self._known()
        for inner in (*self._children(),):
            _ = inner.value
        return self._value

    def at(self, *keys: str) -> "View":
        """The place under these keys; one that does not exist holds None.

        Raises:
            NotKnown: when something on the way is not known.
            MalformedError: when something on the way is no mapping.
        """
        here = self
        for key in keys:
            here._known()
            if here._value is None:
                return View(None, ".".join(filter(None, [self.path, *keys])))
            here._shaped(Mapping, "a mapping")
            here = View(here._value.get(key), f"{here.path}.{key}" if here.path else key)
        return here

    def items(self) -> list["View"]:
        """The elements of a list; none where nothing stands.

        Raises:
            NotKnown: when the list is not known.
            MalformedError: when it is no list.
        """
        self._known()
        if self._value is None:
            return []
        self._shaped(list, "a list")
        return list(self._children())

    def entries(self) -> dict[str, "View"]:
        """The entries of a mapping; none where nothing stands.

        Raises:
            NotKnown: when the mapping is not known.
            MalformedError: when it is no mapping.
        """
        self._known()
        if self._value is None:
            return {}
        self._shaped(Mapping, "a mapping")
        return {str(key): self.at(key) for key in self._value}

    def texts(self) -> list[str]:
        """The elements of a list of strings.

        Raises:
            NotKnown: when the list or an element is not known.
            MalformedError: when it is no list of strings.
        """
        return [item.text() for item in self.items()]

    def text(self) -> str:
        """The string that stands here.

        Raises:
            NotKnown: when it is not known.
            MalformedError: when it is no string.
        """
        self._known()
        self._shaped(str, "a string")
        return str(self._value)

    def _shaped(self, kind: type, words: str) -> None:
        """The value itself is not shown: it may be a secret."""
        if not isinstance(self._value, kind):
            found = "missing" if self._value is None else f"of type {type(self._value).__name__}"
            raise MalformedError(f"{self.path or 'it'} is {found} where {words} must stand")

    def _known(self) -> None:
        if self._value is UNKNOWN:
            raise NotKnown(self.path)

    def _children(self) -> Iterator["View"]:
        if isinstance(self._value, Mapping):
            yield from (View(item, f"{self.path}.{key}" if self.path else key) for key, item in self._value.items())
        elif isinstance(self._value, list):
            yield from (View(item, f"{self.path}[{index}]") for index, item in enumerate(self._value))


def attempt(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """What a check yields; where it can't go on, what stopped it."""
    try:
        yield from outcomes
    except NotKnown as gap:
        yield gap
    except MalformedError as fault:
        yield f"{fault}, so it can't be judged; give it the shape that its schema asks for"


def each(views: Iterable[View], check: Callable[[View], Iterator[Outcome]]) -> Iterator[Outcome]:
    """A check of every place by itself, so that one that is not known leaves none of the others unjudged."""
    for view in views:
        yield from attempt(check(view))


def together(*checks: Iterator[Outcome]) -> Iterator[Outcome]:
    """Several checks, each by itself."""
    for check in checks:
        yield from attempt(check)


def allow(view: View, allowed: tuple[Any, ...], message: str) -> Iterator[Outcome]:
    """One of these values must stand here; None among them lets it be left out."""
    if view.value not in allowed:
        yield f"{view.path} {message}"


def demand(view: View, wanted: Any, why: str) -> Iterator[Outcome]:
    """Exactly this value, of exactly this type, must stand here."""
    value = view.value
    if type(value) is not type(wanted) or value != wanted:
        found = "missing" if value is None else repr(value)
        yield f"{view.path} is {found}; set it to {wanted!r}: {why}"
