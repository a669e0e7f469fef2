"""Closed shapes: unknown keys are refused with the line to add."""

from typing import Any

import pytest

from guardrails import UNKNOWN
from guardrails.mechanism.shapes import check_of, fixed, known, listed, maybe, number, one_of, shape, text
from guardrails.mechanism.view import Check, NotKnown, View

TABLE = shape("TABLE in policy/guardrails/room.py", {"a": one_of(None, 1), "b": maybe(text("x+", "some x"))})


def said(check: Check, value: Any) -> list[str]:
    """The messages about a value."""
    return [str(outcome) for outcome in check(View(value, "place"))]


def test_an_unknown_key_is_refused_with_the_table_to_which_it_can_be_added() -> None:
    assert said(TABLE, {"a": 1, "c": 0}) == [
        "place.c is not known here; add it to TABLE in policy/guardrails/room.py if it is wanted"
    ]


def test_every_key_is_judged_and_every_fault_reported() -> None:
    assert said(TABLE, {"a": 2, "b": "y"}) == [
        "place.a is 2; leave it out or use 1",
        "place.b is 'y'; it must be some x",
    ]
    assert said(TABLE, {}) == said(TABLE, None) == []


def test_an_unknown_value_hides_no_fault() -> None:
    outcomes = list(TABLE(View({"a": UNKNOWN, "b": "y"}, "place")))
    assert isinstance(outcomes[0], NotKnown)
    assert outcomes[1:] == ["place.b is 'y'; it must be some x"]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (fixed(True, "why"), (True,), (False, 1, "True", None)),
        (fixed(1, "why"), (1,), (True, "1", 2, None)),
        (one_of("a", None), ("a", None), ("b", "", 0)),
        (one_of(0, None), (0, None), (False, "0")),
        (number(1, 9), (1, 9), (0, 10, True, "5", 5.5, None)),
        (listed(one_of(1)), ([], [1], None), ([2], [1, 2])),
        (listed(one_of(1), empty=False, most=1), ([1],), ([], None, [1, 1])),
        (check_of({"a": {"b": fixed(1, "why")}}), ({"a": {"b": 1}},), ({}, {"a": {"b": 1, "c": 1}}, {"b": 1}, None)),
        (known, (None, 1, {"any": "thing"}), ()),
        (maybe(number(1, 9)), (None, 1), (0,)),
    ],
)
def test_a_check_accepts_its_values_and_nothing_else(check: Check, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    for value in good:
        assert said(check, value) == []
    for value in bad:
        assert said(check, value), f"{value!r} passes"


def test_a_secret_text_is_not_shown() -> None:
    [message] = said(text("x", "a token", secret=True), "hunter2")
    assert "hunter2" not in message


def test_a_long_value_is_shortened() -> None:
    [message] = said(one_of("a"), "b" * 1000)
    assert len(message) < 150


def test_an_unknown_key_of_a_nested_table_names_the_table_around_it() -> None:
    nested = shape("TABLE in policy/x.py", {"a": listed({"b": maybe({"c": known})})})
    assert said(nested, {"a": [{"b": {"d": 1}}]}) == [
        "place.a[0].b.d is not known here; add it to TABLE in policy/x.py if it is wanted"
    ]
