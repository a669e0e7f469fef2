"""`ops github issue`: one open issue per key, closed when there is nothing to report."""

from typing import Any

import pytest

from tests.ops.github.conftest import Command
from tests.workflows.github import GitHub
from tests.workflows.repository_on_github import BOT


def put(ops: Command, text: str) -> str:
    done = ops("issue", "--key", "drift-prod", "--title", "Stack prod has drifted", "--body", "-", stdin=text)
    assert done.exit_code == 0, done.output
    return done.stdout


def issues(github: GitHub) -> list[tuple[str, str]]:
    return [(each["state"], each["body"].split("\n")[1]) for each in github.stored.issues.values()]


def test_one_issue_is_opened_updated_closed_and_opened_anew(github: GitHub, ops: Command) -> None:
    assert put(ops, "one").startswith("opened")
    assert put(ops, "two").startswith("updated")
    assert issues(github) == [("open", "two")]
    closed = ops("issue", "--key", "drift-prod", "--close")
    assert closed.stdout.startswith("closed https://")
    assert put(ops, "three").startswith("opened")
    assert issues(github) == [("closed", "two"), ("open", "three")]


def test_nothing_to_close_is_no_error(github: GitHub, ops: Command) -> None:
    done = ops("issue", "--key", "drift-prod", "--close")
    assert done.exit_code == 0
    assert "no open issue" in done.stdout
    assert github.count("PATCH") == 0


def test_issues_and_pull_requests_of_others_with_the_marker_are_left_alone(github: GitHub, ops: Command) -> None:
    marked = "<!-- honeydue: drift-prod -->\nmine"
    stranger = github.stored.issue("mallory", "x", marked)
    pull = github.stored.issues[github.stored.pull(head="a" * 40, body=marked, author=BOT)]
    put(ops, "one")
    ops("issue", "--key", "drift-prod", "--close")
    assert [(each["state"], each["body"]) for each in (stranger, pull)] == [("open", marked)] * 2
    assert ("closed", "one") in issues(github)


@pytest.mark.parametrize("status", [0, 502])
def test_an_issue_whose_answer_is_lost_is_not_opened_twice(github: GitHub, ops: Command, status: int) -> None:
    github.fail("POST", "/issues$", status, effect=True)
    assert put(ops, "one").startswith("opened https://")
    assert issues(github) == [("open", "one")]


def test_the_missing_permission_is_named(github: GitHub, ops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", github.token({"contents": "read"}))
    done = ops("issue", "--key", "k", "--title", "t", "--body", "-", stdin="x")
    assert done.exit_code == 2
    assert "`issues: write`" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--close", "--title", "t"), ("--title", "t"), ("--title", "x" * 257, "--body", "-"), ("--body", "-")],
)
def test_wrong_input_is_refused_before_any_request(github: GitHub, ops: Command, arguments: Any) -> None:
    done = ops("issue", "--key", "k", *arguments, stdin="x")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: --")
    assert github.requests == []
