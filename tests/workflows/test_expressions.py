"""The expressions of the workflows mean what GitHub's documentation says."""

from typing import Any

import pytest

from tests.workflows.expressions import Expression, ExpressionError, fill, holds

CONTEXTS = {"github": {"repository": "acme/honeydue", "event": {"action": "labeled"}}, "vars": {}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.repository == 'ACME/honeydue'", True),
        ("github.event.pull_request.head.repo.full_name != github.repository", True),
        ("vars.DEPLOY_RUNNER || 'ubuntu-latest'", "ubuntu-latest"),
        ("!contains(github.event.action, 'labeled') || startsWith('it''s', 'it')", True),
        ("1 == '1' && 'x'", "x"),
        ("'a' == 'b' || 'c' == 'c' && 'd' == 'e'", False),
        ("!(true && false)", True),
        ("vars.NOTHING == 0", True),
        ("vars.NOTHING == false", True),
    ],
)
def test_an_expression_has_the_value_of_github_s(text: str, value: Any) -> None:
    assert Expression(text=text, contexts=CONTEXTS).value() == value


@pytest.mark.parametrize("text", ["env.X", "toJSON(github)", "github.event[0]", "1 +", "a > b", "'x"])
def test_what_is_not_supported_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(text=text, contexts={**CONTEXTS, "a": 1, "b": 2}).value()


def test_values_are_filled_into_a_text() -> None:
    assert fill("on ${{ github.repository }} and ${{ 1 == 1 }}", CONTEXTS) == "on acme/honeydue and true"
    assert fill(value := False, CONTEXTS) == str(value).lower()


def test_a_condition_needs_success_unless_it_asks_for_the_state() -> None:
    failed = {"success": lambda: False, "cancelled": lambda: False}
    assert not holds("1 == 1", CONTEXTS, failed)
    assert holds("${{ !cancelled() && github.event.action == 'labeled' }}", CONTEXTS, failed)
