"""How the sandbox speaks while it works, on stderr: a live line on a terminal, plain lines now and then elsewhere."""

import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

from rich.console import Console

if TYPE_CHECKING:
    from rich.status import Status


class Voice(Protocol):
    """Where lines and progress go."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def live(self, text: str) -> None:
        """How far a long step is; only the latest counts."""


class Silent:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Drops the line."""

    def live(self, text: str) -> None:
        """Drops the progress."""


class Plain:
    """Lines on stderr; progress at most every `every` seconds, so that a log stays readable."""

    def __init__(self, every: float = 15.0) -> None:
        self._every: Final = every
        self._spoken = time.monotonic()

    def say(self, text: str) -> None:
        """Prints the line."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
        self._spoken = time.monotonic()

    def live(self, text: str) -> None:
        """Prints the progress if none was printed lately."""
        if time.monotonic() - self._spoken >= self._every:
            self.say(text)


class Terminal:
    """One moving line below those that stay."""

    def __init__(self) -> None:
        self._console: Final = Console(stderr=True, highlight=False)
        self._status: Status | None = None

    def say(self, text: str) -> None:
        """Prints the line, after which nothing moves until the next progress."""
        self.rest()
        self._console.print(text, markup=False, soft_wrap=True)

    def live(self, text: str) -> None:
        """Replaces the moving line."""
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        self._status.update(text)

    def rest(self) -> None:
        """Takes the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def voice() -> Voice:
    """The one that suits stderr."""
    return Terminal() if sys.stderr.isatty() else Plain()
