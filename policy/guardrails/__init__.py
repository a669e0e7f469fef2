"""What no edit of the stack may do: rules over plain data, and their run over resources without an engine.

`engine.py` makes policies of them; nothing here starts the pack.
"""

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


def judge(resources: Iterable[Resource]) -> list[Violation]:
    """Every violation of every rule, advisory ones included."""
    return [found for found in run(RULES, resources) if isinstance(found, Violation)]


def unjudged(resources: Iterable[Resource]) -> list[Unjudged]:
    """Every value that a rule needed and that was not known."""
    return [found for found in run(RULES, resources) if isinstance(found, Unjudged)]
