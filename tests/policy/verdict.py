"""What a test says of a stack: refused by this rule in these words, passed, or not judged."""

from collections.abc import Iterable

from guardrails import Resource, judge, unjudged


def refuses(resources: Iterable[Resource], rule: str, words: str) -> None:
    """One rule refuses the stack, and says so in these words."""
    found = judge(resources)
    said = [violation.message for violation in found if violation.rule == rule]
    assert said, f"{rule} lets it pass; found instead: {[(item.rule, item.message) for item in found]}"
    assert any(words in message for message in said), f"{rule} does not say {words!r} but {said}"


def passes(resources: Iterable[Resource], rule: str | None = None) -> None:
    """No rule, or not this one, refuses the stack."""
    found = [item for item in judge(resources) if rule in (None, item.rule)]
    assert not found, f"refused: {[(item.rule, item.message) for item in found]}"


def leaves(resources: list[Resource], rule: str, path: str) -> None:
    """A rule neither refuses the stack nor stays silent: it says that it did not judge this place."""
    passes(resources)
    told = [item.path for item in unjudged(resources) if item.rule == rule]
    assert path in told, f"{rule} does not say that {path} was not judged, but {told}"
