"""Unknown values of a preview: no rule refuses them, and every rule that needs one reports it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from guardrails import RULES, UNKNOWN, Level, Resource, ResourceRule, Secret, StackRule, Unjudged, Violation
from guardrails.mechanism.model import Graph
from guardrails.mechanism.rules import run
from guardrails.mechanism.view import MalformedError, NotKnown, View
from tests.policy.compliant import ABSENT, Path, put, resource, stack

BROKEN: tuple[Any, ...] = ("broken", 7, False, [], {}, ABSENT)
"""Values that a rule which reads a place refuses, or almost all of them."""


@cache
def small() -> tuple[Resource, ...]:
    """The stack with one node and one host of each kind of route."""
    return tuple(item for item in stack() if not {"node2", "node3"} & {*item.name.replace("-", " ").split()})


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every value in plain data; of a list, only of the first elements."""
    if path:
        yield path
    if isinstance(value, Secret):
        value = value.value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:2]):
            yield from places(inner, (*path, index))


def outcomes(victim: Resource, path: Path, value: Any) -> list[Violation | Unjudged]:
    """The outcomes of the rules that read a resource, after a value is changed."""
    changed = replace(victim, properties=put(victim.properties, path, value))
    rules = [rule for rule in RULES if isinstance(rule, StackRule) and victim.type in rule.types]
    found = list(run(rules, [changed if item is victim else item for item in small()]))
    return [*found, *run([rule for rule in RULES if isinstance(rule, ResourceRule)], [changed])]


def test_the_small_stack_breaks_no_rule_either() -> None:
    assert not list(run(RULES, small()))


@pytest.mark.parametrize("victim", small(), ids=lambda item: f"{item.type.rpartition(':')[2]}-{item.name}")
def test_no_unknown_value_is_refused_and_every_needed_one_is_reported(victim: Resource) -> None:
    for path in places(victim.properties):
        found = outcomes(victim, path, UNKNOWN)
        refused = [(item.rule, item.message) for item in found if isinstance(item, Violation)]
        assert not refused, f"{path} may turn out to be right, but the preview refuses it: {refused}"
        reported = {item.rule for item in found}
        for value in BROKEN:
            if value is ABSENT and isinstance(path[-1], int):
                continue  # a shorter list is nothing that an unknown element can turn out to be
            for item in outcomes(victim, path, value):
                assert not isinstance(item, Violation) or item.rule in reported, (
                    f"{item.rule} refuses {value!r} at {path}, and says nothing while it is not known: {item.message}"
                )


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.name != "every-type-is-known"], ids=lambda rule: rule.name
)
def test_every_rule_reports_inputs_that_are_all_unknown(rule: Any) -> None:
    blank = [replace(item, properties=dict.fromkeys(item.properties, UNKNOWN)) for item in small()]
    found = list(run([rule], blank))
    assert not [item for item in found if isinstance(item, Violation)], "a first preview would be refused"
    assert found, "an unknown stack passes without a report"


def test_only_the_unknown_value_is_reported() -> None:
    [victim] = [item for item in small() if item.name == "firewall"]
    [found] = {item for item in outcomes(victim, ("rules", 0, "sourceIps"), UNKNOWN) if "firewall-is" in item.rule}
    assert isinstance(found, Unjudged)
    assert (found.urn, found.path) == (victim.urn, "rules[0].sourceIps")


def test_a_rule_that_fails_refuses_and_keeps_its_outcomes() -> None:
    def on_resource(_: Resource) -> Iterator[str]:
        yield "found before"
        raise ZeroDivisionError("oh")

    def on_stack(_: Graph) -> Iterator[tuple[None, str]]:
        yield None, "found before"
        raise ZeroDivisionError("oh")

    rules = (
        ResourceRule(name="one", description="One.", judges={"a:b:C": on_resource}),
        StackRule(name="all", description="All.", types=("a:b:C",), check=on_stack),
    )
    for rule in rules:
        said = [item.message for item in run([rule], [resource("a:b:C", "x", {})]) if isinstance(item, Violation)]
        assert said == ["found before", "it could not be judged, so it is refused: ZeroDivisionError: oh"], rule.name


def test_a_stack_rule_gets_the_types_that_it_reads_and_no_other() -> None:
    given: list[Graph] = []

    def check(graph: Graph) -> Iterator[Any]:
        given.append(graph)
        yield from ()

    rule = StackRule(name="all", description="All.", types=("a:b:C",), check=check, level=Level.ADVISORY)
    assert not list(run([rule], [resource("a:b:C", "x", {}), resource("a:b:D", "y", {})]))
    assert [item.name for item in given[0].resources] == ["x"], "it would work here and not in the engine"


DATA = {"known": {"list": ["a", UNKNOWN], "text": "t"}, "later": UNKNOWN, "nothing": None}


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (lambda view: view.at("later").value, "later"),
        (lambda view: view.at("later", "inner").value, "later"),
        (lambda view: view.at("known").value, "known.list[1]"),
        (lambda view: view.value, "known.list[1]"),
        (lambda view: view.at("later").items(), "later"),
        (lambda view: view.at("later").entries(), "later"),
        (lambda view: view.at("known", "list").texts(), "known.list[1]"),
        (lambda view: view.at("later").text(), "later"),
    ],
)
def test_no_way_to_read_ignores_an_unknown_value(read: Any, path: str) -> None:
    with pytest.raises(NotKnown) as gap:
        read(View(DATA))
    assert gap.value.path == path


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda view: view.at("known", "text", "inner"), "known.text is of type str, but must be a mapping"),
        (lambda view: view.at("known").items(), "known is of type dict, but must be a list"),
        (lambda view: view.at("known", "list").entries(), "known.list is of type list, but must be a mapping"),
        (lambda view: view.at("known").text(), "known is of type dict, but must be a string"),
        (lambda view: view.at("nothing", "inner").text(), "nothing.inner is missing, but must be a string"),
        (lambda _: View(7).at("key"), "it is of type int, but must be a mapping"),
    ],
)
def test_a_value_of_another_type_is_never_read(read: Any, says: str) -> None:
    with pytest.raises(MalformedError) as fault:
        read(View(DATA))
    assert str(fault.value) == says


def test_a_known_value_is_read_beside_an_unknown_one() -> None:
    view = View(DATA)
    assert view.at("known", "text").text() == "t"
    assert view.at("known", "list").items()[0].text() == "a"
    assert view.at("nothing", "inner").items() == []
    assert view.at("nothing").entries() == {}
    assert [item.path for item in view.at("known").entries().values()] == ["known.list", "known.text"]
