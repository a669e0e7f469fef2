"""The verdicts that a test expects: refused by a rule with these words, passed, or reported as unknown."""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from guardrails import RULES, Resource, Violation, judge, unjudged
from guardrails.mechanism.rules import run

_ROOT = Path(__file__).resolve().parents[2]


def refuses(resources: Iterable[Resource], rule: str, words: str) -> None:
    """Assert that a rule refuses the stack with these words, and that each table it names exists."""
    graph = list(resources)
    found = run([item for item in RULES if item.name == rule], graph)
    said = [item.message for item in found if isinstance(item, Violation)]
    assert said, f"{rule} lets it pass; found instead: {[(item.rule, item.message) for item in judge(graph)]}"
    assert any(words in message for message in said), f"{rule} does not say {words!r} but {said}"
    for message in said:
        for table, file in re.findall(r"to (\w+) in (policy/\S+\.py)", message):
            assert table in tables(file), f"{file} has no table {table}, but the message is {message!r}"


@cache
def tables(file: str) -> frozenset[str]:
    """The names that a module assigns."""
    body = ast.parse((_ROOT / file).read_text(encoding="utf-8")).body
    assigned = [node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None) for node in body]
    return frozenset(target.id for target in assigned if isinstance(target, ast.Name))


def passes(resources: Iterable[Resource], rule: str | None = None) -> None:
    """Assert that no rule, or not this one, refuses the stack."""
    found = [item for item in judge(resources) if rule in (None, item.rule)]
    assert not found, f"refused: {[(item.rule, item.message) for item in found]}"


def leaves(resources: list[Resource], rule: str, path: str) -> None:
    """Assert that no rule refuses the stack, and that a rule reports this path as unknown."""
    passes(resources)
    reported = [item.path for item in unjudged(resources) if item.rule == rule]
    assert path in reported, f"{rule} does not say that {path} was not judged, but {reported}"
