"""What a rule is, and how rules are run over resources without an engine."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .model import Graph, Resource
from .view import MalformedError, NotKnown, Outcome, attempt


class Level(StrEnum):
    """What a violation does: `mandatory` stops the update, `advisory` is shown."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


@dataclass(frozen=True, kw_only=True)
class ResourceRule:
    """Judges each resource by itself, on its inputs, before anything is made of it.

    Attributes:
        types: The type tokens it judges; a callable says whether a token is one.
        check: Yields a message per violation that says what is wrong and how to mend it.
        secrecy: Whether it needs to know which values are secret.
    """

    name: str
    description: str
    types: tuple[str, ...] | Callable[[str], bool]
    check: Callable[[Resource], Iterator[Outcome]]
    level: Level = Level.MANDATORY
    secrecy: bool = False

    def judges(self, type_: str) -> bool:
        """Whether this rule has anything to say about resources of this type."""
        return self.types(type_) if callable(self.types) else type_ in self.types


Found = tuple[Resource | None, Outcome]
"""What a cross-check yields: where, or None for the stack as a whole, and what."""


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """Judges resources against each other, on their outputs, at the end of a preview or an update.

    Attributes:
        types: The type tokens that it reads; the graph that it is given holds no others.
    """

    name: str
    description: str
    types: tuple[str, ...]
    check: Callable[[Graph], Iterator[Found]]
    level: Level = Level.MANDATORY


Rule = ResourceRule | StackRule


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that a resource, or with an empty URN the stack, breaks."""

    rule: str
    level: Level
    urn: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Unjudged:
    """A value that a rule needed and that was not known."""

    rule: str
    urn: str
    path: str


def at(resource: Resource, outcomes: Iterator[Outcome]) -> Iterator[Found]:
    """The outcomes of a check, said of a resource."""
    return ((resource, outcome) for outcome in attempt(outcomes))


def run_on_resource(rule: ResourceRule, resource: Resource) -> Iterator[Outcome]:
    """One rule on one resource; a rule that breaks down is a violation, never a pass."""
    try:
        yield from attempt(rule.check(resource))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the resource was not judged
        yield f"could not be judged and is refused: {type(error).__name__}: {error}"


def run_on_stack(rule: StackRule, graph: Graph) -> Iterator[Found]:
    """One cross-check on a stack; one that breaks down is a violation, never a pass."""
    try:
        yield from rule.check(Graph(graph.of(*rule.types)))
    except NotKnown as gap:
        yield None, gap
    except MalformedError as fault:
        yield None, str(fault)
    except Exception as error:  # noqa: BLE001 - as above
        yield None, f"could not be judged and is refused: {type(error).__name__}: {error}"


def run(rules: Iterable[Rule], resources: Iterable[Resource]) -> Iterator[Violation | Unjudged]:
    """Every rule over all resources."""
    graph = Graph(resources)
    for rule in rules:
        if isinstance(rule, StackRule):
            found = run_on_stack(rule, graph)
        else:
            judged = (resource for resource in graph.resources if rule.judges(resource.type))
            found = ((resource, outcome) for resource in judged for outcome in run_on_resource(rule, resource))
        for resource, outcome in found:
            urn = resource.urn if resource else ""
            if isinstance(outcome, NotKnown):
                yield Unjudged(rule=rule.name, urn=urn, path=outcome.path)
            else:
                yield Violation(rule=rule.name, level=rule.level, urn=urn, message=outcome)
