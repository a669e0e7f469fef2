"""`ops github overrides`: a label of somebody with write access authorises, the description has the reason."""

import pytest

from tests.ops.github.conftest import Command
from tests.workflows.github import GitHub

RULE = "one-server-at-a-time"
LABEL = f"allow: {RULE}"
BODY = f"A rebuild.\r\n\r\nallow {RULE}: CHG-42,  planned\r\n"


@pytest.fixture(autouse=True)
def people(github: GitHub) -> None:
    github.stored.roles.update({"ann": "admin", "max": "maintain", "will": "write", "tri": "triage", "rea": "read"})


def opened(github: GitHub, body: str = BODY) -> int:
    return github.stored.pull(head="a" * 40, body=body)


@pytest.mark.parametrize("login", ["ann", "max", "will"])
def test_a_label_of_somebody_with_write_access_allows_the_rule(github: GitHub, ops: Command, login: str) -> None:
    pull = opened(github)
    github.stored.label(pull, login, LABEL)
    done = ops("overrides", "--pull", pull)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{RULE}=CHG-42, planned\n", "")


@pytest.mark.parametrize("login", ["tri", "rea", "stranger", "github-actions[bot]"])
def test_a_label_of_anybody_else_allows_nothing(github: GitHub, ops: Command, login: str) -> None:
    pull = opened(github)
    github.stored.label(pull, login, LABEL)
    done = ops("overrides", "--pull", pull)
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"{login} set it, who has no write access" in done.stderr


def test_the_last_one_who_set_the_label_counts(github: GitHub, ops: Command) -> None:
    pull = opened(github)
    github.stored.label(pull, "will", LABEL)
    github.stored.unlabel(pull, "will", LABEL)
    removed = ops("overrides", "--pull", pull)
    assert (removed.exit_code, removed.stdout) == (0, "")
    github.stored.label(pull, "tri", LABEL)
    again = ops("overrides", "--pull", pull)
    assert (again.exit_code, again.stdout) == (0, ""), "another one set it again"


@pytest.mark.parametrize(
    ("body", "label", "words"),
    [
        (BODY, None, "has no label"),
        ("no line", LABEL, "lacks the line"),
        (f"allow {RULE}:", LABEL, "lacks the line"),
        (f"I do not allow {RULE}: x", LABEL, "lacks the line"),
        ("allow no-such-rule: x", "allow: no-such-rule", "no rule has this name"),
    ],
)
def test_half_an_override_is_named_and_allows_nothing(
    github: GitHub, ops: Command, body: str, label: str | None, words: str
) -> None:
    pull = opened(github, body)
    if label:
        github.stored.label(pull, "will", label)
    done = ops("overrides", "--pull", pull)
    assert (done.exit_code, done.stdout) == (0, "")
    assert words in done.stderr


def test_a_commit_on_main_has_the_overrides_of_its_pull_request(github: GitHub, ops: Command) -> None:
    pull = opened(github)
    github.stored.label(pull, "will", LABEL)
    before = ops("overrides", "--commit", "a" * 40)
    assert (before.exit_code, before.stdout) == (0, ""), "an open pull request with this head is not enough"
    commit = github.stored.merge(pull)
    assert ops("overrides", "--commit", commit).stdout == f"{RULE}=CHG-42, planned\n"


def test_a_commit_that_does_not_exist_is_an_error(ops: Command) -> None:
    done = ops("overrides", "--commit", "d" * 40)
    assert done.exit_code == 2
    assert "No commit found for SHA" in done.stderr


def test_a_reason_cannot_bring_options_or_lines_of_its_own(github: GitHub, ops: Command) -> None:
    pull = opened(github, f"allow {RULE}: a\tb --allow x=y\nno-server-is-deleted=z")
    github.stored.label(pull, "will", LABEL)
    assert ops("overrides", "--pull", pull).stdout == f"{RULE}=a b --allow x=y\n"


def test_the_missing_permission_is_named(github: GitHub, ops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = opened(github)
    github.stored.label(pull, "will", LABEL)
    monkeypatch.setenv("GITHUB_TOKEN", github.token({"pull-requests": "read"}))
    done = ops("overrides", "--pull", pull)
    assert done.exit_code == 2
    assert "`issues: read`" in done.stderr


def test_one_place_must_be_given(ops: Command) -> None:
    assert ops("overrides").exit_code == 2
    assert ops("overrides", "--pull", 1, "--commit", "a" * 40).exit_code == 2
