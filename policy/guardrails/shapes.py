"""Closed shapes: tables of the values that a mapping, a list or a text may have. Everything else is refused.

A table maps each key to the check of its value. A check sees a missing value as None, so it decides whether the value
may be missing. A key that is not in the table is refused, and the message names the table to which it can be added.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .view import Check, Outcome, View, attempt, each


def closed(table: str, entries: Mapping[str, Check], view: View) -> Iterator[Outcome]:
    """Check a mapping that may have the keys of a table only.

    Args:
        table: The name and the file of the table, such as `VALUES in policy/guardrails/traefik.py`.
        entries: The table.
        view: The mapping.
    """
    for key, value in view.entries().items():
        if key not in entries:
            yield f"{value.path} is not known here; add it to {table} if it is wanted"
    for key, check in entries.items():
        yield from attempt(check(view.at(key)))


def shape(table: str, entries: Mapping[str, Check]) -> Check:
    """Return the check of a mapping that may have the keys of a table only."""
    return lambda view: closed(table, entries, view)


def holding(entries: Mapping[str, Check]) -> Check:
    """Return the check of some entries of a mapping. Other entries pass, so nothing dangerous may be among them."""

    def check(view: View) -> Iterator[Outcome]:
        for key, inner in entries.items():
            yield from attempt(inner(view.at(key)))

    return check


def maybe(check: Check) -> Check:
    """Return a check that a missing value passes."""

    def judge(view: View) -> Iterator[Outcome]:
        if not view.missing:
            yield from check(view)

    return judge


def listed(check: Check, *, empty: bool = True, most: int | None = None) -> Check:
    """Return the check of a list, by the check of its elements.

    Args:
        check: The check of each element.
        empty: Whether the list may be empty or missing.
        most: The number of elements that it may have at most.
    """

    def judge(view: View) -> Iterator[Outcome]:
        items = view.items()
        if not (items or empty):
            yield f"{view.path} is empty; it must have an element"
        if most is not None and len(items) > most:
            yield f"{view.path} has {len(items)} elements; it may have {most}"
        yield from each(items, check)

    return judge


def fixed(wanted: Any, why: str) -> Check:
    """Return the check of a value that must be exactly this one, of exactly this type."""

    def judge(view: View) -> Iterator[Outcome]:
        value = view.value
        if type(value) is not type(wanted) or value != wanted:
            yield f"{view.path} is {_shown(value)}; set it to {wanted!r}: {why}"

    return judge


def one_of(*allowed: Any, why: str = "") -> Check:
    """Return the check of a value that must be one of these; None among them means that it may be missing."""

    def judge(view: View) -> Iterator[Outcome]:
        value = view.value
        if not any(type(value) is type(item) and value == item for item in allowed):
            names = ", ".join("missing" if item is None else repr(item) for item in allowed)
            yield f"{view.path} is {_shown(value)}; allowed: {names}{': ' * bool(why)}{why}"

    return judge


def text(pattern: str, what: str, *, secret: bool = False) -> Check:
    """Return the check of a string that must match a pattern as a whole.

    Args:
        pattern: A regular expression.
        what: What the string must be, for the message.
        secret: Whether the message must not contain the value.
    """
    compiled = re.compile(pattern)

    def judge(view: View) -> Iterator[Outcome]:
        value = view.text()
        if not compiled.fullmatch(value):
            yield f"{view.path} is {'another text' if secret else _shown(value)}; it must be {what}"

    return judge


def number(least: int, most: int) -> Check:
    """Return the check of a whole number between two limits."""

    def judge(view: View) -> Iterator[Outcome]:
        value = view.value
        if type(value) is not int or not least <= value <= most:
            yield f"{view.path} is {_shown(value)}; it must be a number from {least} to {most}"

    return judge


def known(_: View) -> Iterator[Outcome]:
    """Accept any value, also a missing one. Only the key is known."""
    return iter(())


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}…"
