"""The two kinds of rules, and how they judge resources without an engine."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .model import Graph, Resource
from .view import Check, MalformedError, NotKnown, Outcome, View, attempt

Judge = Callable[[Resource], Iterator[Outcome]]
"""Judges one resource. It yields a message for each violation: what is wrong, and how to correct it."""


class Level(StrEnum):
    """The effect of a violation: `mandatory` stops the update, `advisory` is only shown."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


@dataclass(frozen=True, kw_only=True)
class ResourceRule:
    """Judges each resource by its inputs, before the resource is created.

    Attributes:
        judges: The judge of each type.
        every: The judge of all types that `judges` does not list.
        secrecy: Whether the rule must know which values are secret.
    """

    name: str
    description: str
    judges: Mapping[str, Judge] = field(default_factory=dict)
    every: Judge | None = None
    level: Level = Level.MANDATORY
    secrecy: bool = False

    def judge_of(self, type_: str) -> Judge | None:
        """Return the judge of a type, or None if the rule does not judge it."""
        return self.judges.get(type_, self.every)


Found = tuple[Resource | None, Outcome]
"""An outcome of a rule for the stack, and the resource that it is about; None for the stack as a whole."""


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """Judges resources against each other, by their outputs, at the end of a preview or an update.

    Attributes:
        types: The types that the rule reads; its graph has no other resources.
    """

    name: str
    description: str
    types: tuple[str, ...]
    check: Callable[[Graph], Iterator[Found]]
    level: Level = Level.MANDATORY


Rule = ResourceRule | StackRule


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A resource violates a rule; with an empty URN, the stack as a whole does."""

    rule: str
    level: Level
    urn: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Unjudged:
    """A rule needed a value that was unknown."""

    rule: str
    urn: str
    path: str


def inputs(check: Check) -> Judge:
    """Return the judge that applies a check to the inputs of a resource."""
    return lambda resource: check(View(resource.plain))


def at(resource: Resource, outcomes: Iterator[Outcome]) -> Iterator[Found]:
    """Return the outcomes of a check together with the resource that they are about."""
    return ((resource, outcome) for outcome in attempt(outcomes))


def run_on_resource(rule: ResourceRule, resource: Resource) -> Iterator[Outcome]:
    """Judge a resource by a rule. A rule that fails refuses the resource."""
    judge = rule.judge_of(resource.type)
    if judge is None:
        return
    try:
        yield from attempt(judge(resource))
    except Exception as error:  # noqa: BLE001 - whatever failed, the resource was not judged
        yield f"it could not be judged, so it is refused: {type(error).__name__}: {error}"


def run_on_stack(rule: StackRule, graph: Graph) -> Iterator[Found]:
    """Judge a stack by a rule. A rule that fails refuses the stack."""
    try:
        yield from rule.check(Graph(graph.of(*rule.types)))
    except NotKnown as gap:
        yield None, gap
    except MalformedError as fault:
        yield None, str(fault)
    except Exception as error:  # noqa: BLE001 - whatever failed, the stack was not judged
        yield None, f"it could not be judged, so it is refused: {type(error).__name__}: {error}"


def run(
    rules: Iterable[Rule], registered: Iterable[Resource], standing: Iterable[Resource] | None = None
) -> Iterator[Violation | Unjudged]:
    """Apply every rule.

    Args:
        rules: The rules.
        registered: The resources with their inputs, for the rules about one resource.
        standing: The resources with their outputs, for the rules about the stack; by default the same resources.
    """
    resources = tuple(registered)
    graph = Graph(resources if standing is None else standing)
    for rule in rules:
        if isinstance(rule, StackRule):
            found = run_on_stack(rule, graph)
        else:
            found = ((resource, outcome) for resource in resources for outcome in run_on_resource(rule, resource))
        for resource, outcome in found:
            urn = resource.urn if resource else ""
            if isinstance(outcome, NotKnown):
                yield Unjudged(rule=rule.name, urn=urn, path=outcome.path)
            else:
                yield Violation(rule=rule.name, level=rule.level, urn=urn, message=outcome)
