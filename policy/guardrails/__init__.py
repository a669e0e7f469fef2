"""The rules for the stack, and how to apply them to resources without an engine. `engine.py` makes policies of them."""

from collections.abc import Iterable

from .catalogue import RULES
from .model import UNKNOWN, Graph, Resource, Secret
from .rules import Level, ResourceRule, Rule, StackRule, Unjudged, Violation, run

__all__ = [
    "RULES",
    "UNKNOWN",
    "Graph",
    "Level",
    "Resource",
    "ResourceRule",
    "Rule",
    "Secret",
    "StackRule",
    "Unjudged",
    "Violation",
    "judge",
    "unjudged",
]


def judge(registered: Iterable[Resource], standing: Iterable[Resource] | None = None) -> list[Violation]:
    """Return every violation of every rule, advisory ones included. See `run` for the arguments."""
    return [found for found in run(RULES, registered, standing) if isinstance(found, Violation)]


def unjudged(registered: Iterable[Resource], standing: Iterable[Resource] | None = None) -> list[Unjudged]:
    """Return every value that a rule needed and that was unknown."""
    return [found for found in run(RULES, registered, standing) if isinstance(found, Unjudged)]
