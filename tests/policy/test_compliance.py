"""The fixture itself: a stack that breaks no rule, leaves no question, and gives every rule something to judge."""

import pytest

from guardrails import RULES, Graph, ResourceRule, Rule, unjudged
from tests.policy.compliant import stack
from tests.policy.verdict import passes


def test_a_compliant_stack_breaks_no_rule() -> None:
    passes(stack())


def test_nothing_of_a_compliant_stack_is_left_unjudged() -> None:
    assert unjudged(stack()) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_something_to_judge_in_it(rule: Rule) -> None:
    types = {item.type for item in stack()}
    if isinstance(rule, ResourceRule):
        assert any(rule.judge_of(type_) for type_ in types), "a rule that sees nothing refuses nothing"
    else:
        assert types.intersection(rule.types), "a rule that sees nothing refuses nothing"
        assert Graph(stack()).of(*rule.types)


def test_rules_have_names_and_descriptions_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len({rule.description for rule in RULES}) == len(RULES)
    assert all(rule.description.endswith(".") for rule in RULES)
