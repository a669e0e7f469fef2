"""Closed shapes: tables of the values that a mapping, a list or a text may have. Everything else is refused.

A table maps each key to the check of its value; a table in its place is the check of a mapping. A check sees a missing
value as None, so it decides whether the value may be missing. A key that is not in the table is refused. The message
names the table to which it can be added.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .view import Check, Outcome, View, attempt, each

Entry = Check | Mapping[str, "Entry"]
"""The check of a value, or the table of a mapping."""


def table_in(module: str) -> Callable[[str], str]:
    """Return the function that says where a table of a module is: `VALUES in policy/guardrails/traefik.py`.

    Args:
        module: The module's `__name__`.
    """
    file = f"policy/{module.replace('.', '/')}.py"
    return lambda name: f"{name} in {file}"


def check_of(entry: Entry) -> Check:
    """Return the check of an entry. A mapping inside a table belongs to the table around it."""
    if isinstance(entry, Mapping):
        return lambda view: _closed(entry, view)
    return entry


def shape(table: str, entries: Mapping[str, Entry]) -> Check:
    """Return the check of a mapping that may have the keys of a table only.

    Args:
        table: The name and the file of the table; see `table_in`.
        entries: The table.
    """
    return lambda view: _closed(entries, view.listed_in(table))


def _closed(entries: Mapping[str, Entry], view: View) -> Iterator[Outcome]:
    for key, value in view.entries().items():
        if key not in entries:
            yield unknown(value.path, view.table)
    for key, entry in entries.items():
        yield from attempt(check_of(entry)(view.at(key)))


def unknown(what: str, table: str) -> str:
    """Return the message about something that a table does not have."""
    return f"{what} is not known here; add it to {table} if it is wanted"


def maybe(entry: Entry) -> Check:
    """Return a check that a missing value passes."""

    def judge(view: View) -> Iterator[Outcome]:
        if not view.missing:
            yield from check_of(entry)(view)

    return judge


def listed(entry: Entry, *, empty: bool = True, most: int | None = None, why: str = "") -> Check:
    """Return the check of a list.

    Args:
        entry: The check of each element.
        empty: Whether the list may be empty or missing.
        most: The number of elements that it may have at most.
        why: The consequence of an empty list, for the message.
    """

    def judge(view: View) -> Iterator[Outcome]:
        items = view.items()
        if not (items or empty):
            yield f"{view.path} is empty{f', {why}' if why else '; it must have an element'}"
        if most is not None and len(items) > most:
            yield f"{view.path} has {len(items)} elements; it may have {most}"
        yield from each(items, check_of(entry))

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
            given = [repr(item) for item in allowed if item is not None]
            use = [f"use {', '.join(given[:-1])}{' or ' * bool(given[1:])}{given[-1]}"] if given else []
            advice = " or ".join([*["leave it out"] * (None in allowed), *use])
            yield f"{view.path} is {_shown(value)}; {advice}{': ' * bool(why)}{why}"

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
