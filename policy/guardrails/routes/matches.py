"""The hosts that a rule of a Traefik router can match. Source: doc.traefik.io, routers of v3, rule syntax."""

import re
from collections.abc import Iterator
from typing import Final

Hosts = frozenset[str] | None
"""The hosts that can match; None if any host can."""

_TOKEN: Final = re.compile(r"\s*(\|\||&&|!|\(|\)|,|`[^`]*`|\"[^\"\\]*\"|[A-Za-z]+)")
_MATCHERS: Final = frozenset(
    {"Host", "HostRegexp", "Path", "PathPrefix", "PathRegexp", "Method", "Header", "HeaderRegexp"}
    | {"Query", "QueryRegexp", "ClientIP"}
)


class RuleError(ValueError):
    """A rule cannot be parsed."""


def hosts_of(rule: str) -> Hosts:
    """Return the hosts of a rule. Only `Host` limits them; a negation or a regular expression does not.

    Raises:
        RuleError: If the text is not a rule.
    """
    tokens = list(_tokens(rule))
    hosts, rest = _either(tokens)
    if rest:
        raise RuleError(f"{rest[0]!r} follows a complete rule")
    return hosts


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            raise RuleError(f"{text[position:].strip()[:20]!r} is not part of a rule")
        yield found[1]
        position = found.end()


def _either(tokens: list[str]) -> tuple[Hosts, list[str]]:
    hosts, tokens = _both(tokens)
    while tokens[:1] == ["||"]:
        other, tokens = _both(tokens[1:])
        hosts = None if hosts is None or other is None else hosts | other
    return hosts, tokens


def _both(tokens: list[str]) -> tuple[Hosts, list[str]]:
    hosts, tokens = _one(tokens)
    while tokens[:1] == ["&&"]:
        other, tokens = _one(tokens[1:])
        hosts = other if hosts is None else hosts if other is None else hosts & other
    return hosts, tokens


def _one(tokens: list[str]) -> tuple[Hosts, list[str]]:
    match tokens:
        case ["!", *rest]:
            return None, _one(rest)[1]
        case ["(", *rest]:
            hosts, rest = _either(rest)
            if rest[:1] != [")"]:
                raise RuleError("a bracket is not closed")
            return hosts, rest[1:]
        case [name, "(", *rest] if name in _MATCHERS:
            values, rest = _arguments(rest)
            return (frozenset(value.lower() for value in values) if name == "Host" else None), rest
        case [other, *_]:
            raise RuleError(f"{other!r} is not a known matcher")
        case _:
            raise RuleError("a matcher is missing")


def _arguments(tokens: list[str]) -> tuple[list[str], list[str]]:
    values: list[str] = []
    while tokens and tokens[0][0] in '`"':
        values.append(tokens[0][1:-1])
        tokens = tokens[1:]
        if tokens[:1] != [","]:
            break
        tokens = tokens[1:]
    if not values or tokens[:1] != [")"]:
        raise RuleError("the arguments of a matcher cannot be parsed")
    return values, tokens[1:]
