"""The results of checks, in groups."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DOCS: Final = "docs/operations.md#before-the-first-update"
"""Where each check is explained."""
RECOVERY: Final = "docs/operations.md#when-the-state-is-lost"
"""Where the repair of a state is explained."""


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOTE = "note"
    """A fact to know, which cannot be checked or needs no action."""
    SKIPPED = "skipped"
    """Not checked, because another check failed."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one check.

    Attributes:
        name: The check, a few words.
        outcome: How it ended.
        text: The finding. It contains no secret.
        remedy: What to do; every failure and every warning has one.
        see: The section of the documentation, for failures and warnings.
    """

    name: str
    outcome: Outcome
    text: str
    remedy: str = ""
    see: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The checks of one subject."""

    title: str
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All groups, for one stack."""

    stack: str
    groups: tuple[Group, ...]

    @property
    def counts(self) -> Counter[Outcome]:
        """The number of checks by outcome."""
        return Counter(result.outcome for group in self.groups for result in group.results)

    @property
    def failed(self) -> bool:
        """Whether a check failed. Warnings are no failures."""
        return self.counts[Outcome.FAILED] > 0

    @property
    def headline(self) -> str:
        """One line: the stack, and the number of checks by outcome."""
        counts = self.counts
        words = [f"{counts[outcome]} {_WORDS[outcome][counts[outcome] != 1]}" for outcome in _WORDS if counts[outcome]]
        return f"{self.stack}: {', '.join(words)}"


_WORDS: Final = {
    Outcome.FAILED: ("check failed", "checks failed"),
    Outcome.WARNING: ("warning", "warnings"),
    Outcome.PASSED: ("passed", "passed"),
    Outcome.NOTE: ("note", "notes"),
    Outcome.SKIPPED: ("not checked", "not checked"),
}


def passed(name: str, text: str) -> Result:
    """Return a result without a problem."""
    return Result(name=name, outcome=Outcome.PASSED, text=text)


def failed(name: str, text: str, remedy: str, see: str = DOCS) -> Result:
    """Return a result that stops the first update."""
    return Result(name=name, outcome=Outcome.FAILED, text=text, remedy=remedy, see=see)


def warning(name: str, text: str, remedy: str, see: str = DOCS) -> Result:
    """Return a result that needs a decision."""
    return Result(name=name, outcome=Outcome.WARNING, text=text, remedy=remedy, see=see)


def note(name: str, text: str) -> Result:
    """Return a fact to know."""
    return Result(name=name, outcome=Outcome.NOTE, text=text)


def skipped(name: str, why: str) -> Result:
    """Return a check that was not made."""
    return Result(name=name, outcome=Outcome.SKIPPED, text=f"not checked: {why}")
