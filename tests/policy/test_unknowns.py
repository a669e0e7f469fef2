"""What a preview does not know: never refused, and never passed over in silence by a rule that would need it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from guardrails import RULES, UNKNOWN, Level, Resource, ResourceRule, Secret, StackRule, Unjudged, Violation
from guardrails.model import Graph
from guardrails.rules import run
from guardrails.view import MalformedError, NotKnown, View
from tests.policy.compliant import ABSENT, Path, put, resource, stack

BROKEN: tuple[Any, ...] = ("broken", 7, False, [], {}, ABSENT)
"""Values of which a rule that reads a place at all is content with none, or almost none."""


@cache
def small() -> tuple[Resource, ...]:
    """The stack with one node and one host of each kind of route."""
    return tuple(item for item in stack() if not {"node2", "node3"} & {*item.name.replace("-", " ").split()})


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to everything in plain data; of a list, only the first elements."""
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
    """What the rules say that read such a resource, once a value is put in."""
    changed = replace(victim, properties=put(victim.properties, path, value))
    rules = [rule for rule in RULES if isinstance(rule, StackRule) and victim.type in rule.types]
    found = list(run(rules, [changed if item is victim else item for item in small()]))
    return [*found, *run([rule for rule in RULES if isinstance(rule, ResourceRule)], [changed])]


def test_the_small_stack_breaks_no_rule_either() -> None:
    assert not list(run(RULES, small()))


@pytest.mark.parametrize("victim", small(), ids=lambda item: f"{item.type.rpartition(':')[2]}-{item.name}")
def test_no_unknown_is_refused_and_none_that_matters_is_passed_over(victim: Resource) -> None:
    for path in places(victim.properties):
        found = outcomes(victim, path, UNKNOWN)
        refused = [(item.rule, item.message) for item in found if isinstance(item, Violation)]
        assert not refused, f"{path} may turn out well, and the preview stops at it: {refused}"
        told = {item.rule for item in found}
        for value in BROKEN:
            if value is ABSENT and isinstance(path[-1], int):
                continue  # a shorter list is nothing that an unknown element can turn out to be
            for item in outcomes(victim, path, value):
                assert not isinstance(item, Violation) or item.rule in told, (
                    f"{item.rule} refuses {value!r} at {path}, and says nothing while it is not known: {item.message}"
                )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_of_inputs_that_are_all_unknown_every_rule_says_so(rule: Any) -> None:
    blank = [replace(item, properties=dict.fromkeys(item.properties, UNKNOWN)) for item in small()]
    found = list(run([rule], blank))
    assert not [item for item in found if isinstance(item, Violation)], "a first preview would never get through"
    assert found, "a stack of which nothing is known passes in silence"


def test_only_one_place_is_told_where_one_is_unknown() -> None:
    [victim] = [item for item in small() if item.name == "firewall"]
    [found] = {item for item in outcomes(victim, ("rules", 0, "sourceIps"), UNKNOWN) if "firewall-is" in item.rule}
    assert isinstance(found, Unjudged)
    assert (found.urn, found.path) == (victim.urn, "rules[0].sourceIps")


def test_a_rule_that_breaks_down_refuses_and_keeps_what_it_found() -> None:
    def on_resource(_: Resource) -> Iterator[str]:
        yield "found before"
        raise ZeroDivisionError("oh")

    def on_stack(_: Graph) -> Iterator[tuple[None, str]]:
        yield None, "found before"
        raise ZeroDivisionError("oh")

    rules = (
        ResourceRule(name="one", description="One.", types=("a:b:C",), check=on_resource),
        StackRule(name="all", description="All.", types=("a:b:C",), check=on_stack),
    )
    for rule in rules:
        said = [item.message for item in run([rule], [resource("a:b:C", "x", {})]) if isinstance(item, Violation)]
        assert said == ["found before", "could not be judged and is refused: ZeroDivisionError: oh"], rule.name


def test_a_stack_rule_is_given_the_types_that_it_reads_and_no_other() -> None:
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
def test_no_way_to_read_goes_past_what_is_not_known(read: Any, path: str) -> None:
    with pytest.raises(NotKnown) as gap:
        read(View(DATA))
    assert gap.value.path == path


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda view: view.at("known", "text", "inner"), "known.text is of type str where a mapping must stand"),
        (lambda view: view.at("known").items(), "known is of type dict where a list must stand"),
        (lambda view: view.at("known", "list").entries(), "known.list is of type list where a mapping must stand"),
        (lambda view: view.at("known").text(), "known is of type dict where a string must stand"),
        (lambda view: view.at("nothing", "inner").text(), "nothing.inner is missing where a string must stand"),
        (lambda _: View(7).at("key"), "it is of type int where a mapping must stand"),
    ],
)
def test_what_has_another_shape_is_never_read(read: Any, says: str) -> None:
    with pytest.raises(MalformedError) as fault:
        read(View(DATA))
    assert str(fault.value) == says


def test_what_is_known_is_read_beside_what_is_not() -> None:
    view = View(DATA)
    assert view.at("known", "text").text() == "t"
    assert view.at("known", "list").items()[0].text() == "a"
    assert view.at("nothing", "inner").items() == []
    assert view.at("nothing").entries() == {}
    assert [item.path for item in view.at("known").entries().values()] == ["known.list", "known.text"]
