"""The hosts that a Traefik rule can match: never fewer than it does match."""

from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.routes.matches import RuleError, hosts_of

A, B, C = "a.example.com", "b.example.com", "c.example.com"


@pytest.mark.parametrize(
    ("rule", "hosts"),
    [
        (f"Host(`{A}`)", {A}),
        (f'Host("{A}")', {A}),
        (f"Host(`{A.upper()}`)", {A}),
        (f"Host(`{A}`, `{B}`)", {A, B}),
        (f"  Host ( `{A}` )  ", {A}),
        (f"Host(`{A}`) && PathPrefix(`/admin`)", {A}),
        (f"PathPrefix(`/`) && Host(`{A}`)", {A}),
        (f"Host(`{A}`) || Host(`{B}`)", {A, B}),
        (f"Host(`{A}`) || Host(`{B}`) && Path(`/`)", {A, B}),
        (f"Host(`{A}`) && (Host(`{A}`) || Host(`{B}`))", {A}),
        (f"Host(`{A}`) && !Host(`{B}`)", {A}),
        (f"Host(`{A}`) && !(Host(`{B}`) || Path(`/`))", {A}),
        (f"Host(`{A}`) && Host(`{B}`)", set()),
        (f"Host(`{A}`) || Path(`/`)", None),
        (f"!Host(`{A}`)", None),
        ("HostRegexp(`^a`)", None),
        ("Header(`Host`, `a.example.com`)", None),
        ("Path(`/`)", None),
        ("Path(`Host(x)`)", None),
    ],
)
def test_only_host_narrows_a_rule(rule: str, hosts: set[str] | None) -> None:
    assert hosts_of(rule) == hosts


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "a matcher is missing"),
        ("   ", "a matcher is missing"),
        (f"Host(`{A}`) &&", "a matcher is missing"),
        (f"(Host(`{A}`)", "a bracket is not closed"),
        (f"Host(`{A}`))", "')' follows a complete rule"),
        (f"Host(`{A}`) Host(`{B}`)", "'Host' follows a complete rule"),
        ("Host()", "the arguments of a matcher cannot be parsed"),
        ("Host(", "the arguments of a matcher cannot be parsed"),
        ("Host(Path)", "the arguments of a matcher cannot be parsed"),
        (f"Host({A})", "is not part of a rule"),
        (f"Host(`{A}` `{B}`)", "the arguments of a matcher cannot be parsed"),
        (f"Host(`{A}`", "the arguments of a matcher cannot be parsed"),
        (f"host(`{A}`)", "'host' is not a known matcher"),
        (f"HostSNI(`{A}`)", "'HostSNI' is not a known matcher"),
        ("Host", "'Host' is not a known matcher"),
        (f"Host(`{A}`) ; Path(`/`)", "'; Path(`/`)' is not part of a rule"),
        (f"Host(`{A}`) & Path(`/`)", "is not part of a rule"),
        ('Host("a\\".example.com")', "is not part of a rule"),
        ("!", "a matcher is missing"),
    ],
)
def test_a_text_that_is_not_a_rule_is_refused(rule: str, says: str) -> None:
    with pytest.raises(RuleError) as error:
        hosts_of(rule)
    assert says in str(error.value)


LEAVES = st.sampled_from([("host", A), ("host", B), ("host", C), ("other", "/one"), ("other", "/two")])
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)


def text(tree: Any) -> str:
    """Write a tree as a rule of Traefik."""
    match tree:
        case ("host", name):
            return f"Host(`{name}`)"
        case ("other", path):
            return f"Path(`{path}`)"
        case ("not", inner):
            return f"!({text(inner)})"
        case (word, left, right):
            return f"({text(left)}) {'&&' if word == 'and' else '||'} ({text(right)})"
    raise AssertionError(tree)


def holds(tree: Any, host: str, paths: dict[str, bool]) -> bool:
    """Whether a request for a host matches, given the results of the other matchers."""
    match tree:
        case ("host", name):
            return bool(name == host)
        case ("other", path):
            return paths[path]
        case ("not", inner):
            return not holds(inner, host, paths)
        case ("and", left, right):
            return holds(left, host, paths) and holds(right, host, paths)
        case (_, left, right):
            return holds(left, host, paths) or holds(right, host, paths)
    raise AssertionError(tree)


@given(tree=TREES)
def test_no_host_that_a_rule_matches_is_missed(tree: Any) -> None:
    hosts = hosts_of(text(tree))
    for host, one, two in product((A, B, C, "any.other"), (True, False), (True, False)):
        if hosts is not None and holds(tree, host, {"/one": one, "/two": two}):
            assert host in hosts, f"{text(tree)} answers for {host}, which no policy would check"


@given(rule=st.text(alphabet='Host(`a.b`)"&|!, Path', max_size=40))
def test_no_text_breaks_the_reader(rule: str) -> None:
    with suppress(RuleError):  # any other error would be a fault of the parser
        hosts_of(rule)
