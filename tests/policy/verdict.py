"""The verdicts that a test expects: refused by a rule with these words, passed, or reported as unknown."""

from collections.abc import Iterable

from guardrails import Resource, judge, unjudged


def refuses(resources: Iterable[Resource], rule: str, words: str) -> None:
    """Assert that a rule refuses the stack with these words."""
    found = judge(resources)
    said = [violation.message for violation in found if violation.rule == rule]
    assert said, f"{rule} lets it pass; found instead: {[(item.rule, item.message) for item in found]}"
    assert any(words in message for message in said), f"{rule} does not say {words!r} but {said}"


def passes(resources: Iterable[Resource], rule: str | None = None) -> None:
    """Assert that no rule, or not this one, refuses the stack."""
    found = [item for item in judge(resources) if rule in (None, item.rule)]
    assert not found, f"refused: {[(item.rule, item.message) for item in found]}"


def leaves(resources: list[Resource], rule: str, path: str) -> None:
    """Assert that no rule refuses the stack, and that a rule reports this path as unknown."""
    passes(resources)
    reported = [item.path for item in unjudged(resources) if item.rule == rule]
    assert path in reported, f"{rule} does not say that {path} was not judged, but {reported}"
