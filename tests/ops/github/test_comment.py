"""`ops github comment`: one comment per key, edited in place."""

import pytest

from tests.ops.github.conftest import Command
from tests.workflows.github import GitHub
from tests.workflows.repository_on_github import BOT, LIMIT

HEAD = "a" * 40
MARKER = "<!-- honeydue: preview-prod -->"


@pytest.fixture
def pull(github: GitHub) -> int:
    return github.stored.pull(head=HEAD)


def bodies(github: GitHub) -> list[str]:
    return [each["body"] for each in github.stored.comments.values()]


def put(ops: Command, pull: int, text: str = "first", key: str = "preview-prod", *more: object) -> str:
    done = ops("comment", "--pull", pull, "--key", key, "--body", "-", *more, stdin=text)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_second_run_edits_the_comment_of_the_first(github: GitHub, ops: Command, pull: int) -> None:
    assert put(ops, pull).startswith("added https://")
    assert put(ops, pull, "second").startswith("edited https://")
    assert bodies(github) == [f"{MARKER}\nsecond\n"]


def test_each_key_has_a_comment_of_its_own(github: GitHub, ops: Command, pull: int) -> None:
    put(ops, pull)
    put(ops, pull, key="preview")
    put(ops, pull, "changed", key="preview")
    assert bodies(github) == [f"{MARKER}\nfirst\n", "<!-- honeydue: preview -->\nchanged\n"]


def test_a_comment_behind_many_others_is_found(github: GitHub, ops: Command, pull: int) -> None:
    for number in range(220):
        github.stored.say(pull, "bob", f"remark {number}")
    put(ops, pull)
    for number in range(120):
        github.stored.say(pull, "bob", f"remark {number + 220}")
    assert put(ops, pull, "second").startswith("edited")


@pytest.mark.parametrize("login", ["mallory", "github-actions", "other-app[bot]"])
def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(
    github: GitHub, ops: Command, pull: int, login: str
) -> None:
    captured = github.stored.say(pull, login, f"{MARKER}\nmine")
    put(ops, pull)
    put(ops, pull, "second")
    assert captured["body"] == f"{MARKER}\nmine"
    assert bodies(github) == [captured["body"], f"{MARKER}\nsecond\n"]


def test_a_comment_of_the_bot_that_quotes_the_marker_is_left_alone(github: GitHub, ops: Command, pull: int) -> None:
    quoting = github.stored.say(pull, BOT, f"somebody wrote:\n{MARKER}\nx")
    put(ops, pull)
    assert quoting["body"] == f"somebody wrote:\n{MARKER}\nx"


def test_a_personal_token_edits_the_comments_of_its_owner_only(
    github: GitHub, ops: Command, pull: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ops, pull)
    monkeypatch.setenv("GITHUB_TOKEN", github.token({"pull-requests": "write"}, login="carol"))
    assert put(ops, pull, "from a laptop").startswith("added")
    assert put(ops, pull, "again").startswith("edited")
    assert bodies(github) == [f"{MARKER}\nfirst\n", f"{MARKER}\nagain\n"]


def test_surplus_comments_are_deleted(github: GitHub, ops: Command, pull: int) -> None:
    for text in ("one", "two"):
        github.stored.say(pull, BOT, f"{MARKER}\n{text}")
    put(ops, pull, "three")
    assert bodies(github) == [f"{MARKER}\nthree\n"]


def test_a_comment_links_to_its_run_and_names_the_commit(
    github: GitHub, ops: Command, pull: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    put(ops, pull, "text", "preview-prod", "--head", HEAD)
    (body,) = bodies(github)
    assert "https://github.com/acme/honeydue/actions/runs/42" in body
    assert HEAD[:12] in body


def test_a_text_that_is_too_long_is_cut_and_says_so(github: GitHub, ops: Command, pull: int) -> None:
    lines = "".join(f"- line {number}\n" for number in range(20_000))
    put(ops, pull, f"<details><summary>all</summary>\n\n```\n{lines}```\n</details>\n")
    (body,) = bodies(github)
    assert LIMIT - 200 < len(body) <= LIMIT
    assert body.count("```") == 2, "the block of code is closed"
    assert "</details>" in body
    kept = body.count("- line ")
    assert f"- line {kept - 1}\n" in body, "the cut is at the end of a line"
    assert "characters are left out" in body


def test_a_text_of_exactly_the_limit_is_not_cut(github: GitHub, ops: Command, pull: int) -> None:
    room = LIMIT - len(MARKER) - 2
    put(ops, pull, "x" * room)
    assert bodies(github) == [f"{MARKER}\n{'x' * room}\n"]
    put(ops, pull, "y\n" * (room // 2 + 1) + "z")
    assert "left out" in bodies(github)[0]


@pytest.mark.parametrize("status", [0, 502])
def test_a_comment_whose_answer_is_lost_is_not_added_twice(
    github: GitHub, ops: Command, pull: int, status: int
) -> None:
    github.fail("POST", "/comments$", status, effect=True)
    assert put(ops, pull).startswith("added https://")
    assert bodies(github) == [f"{MARKER}\nfirst\n"]
    assert github.count("POST", "/comments$") == 1


def test_a_comment_that_was_lost_on_the_way_is_added_once_more(github: GitHub, ops: Command, pull: int) -> None:
    github.fail("POST", "/comments$", 502)
    put(ops, pull)
    assert len(bodies(github)) == 1


def test_a_gateway_that_fails_for_good_is_one_error(github: GitHub, ops: Command, pull: int) -> None:
    github.fail("POST", "/comments$", 502, times=9)
    done = ops("comment", "--pull", pull, "--key", "k", "--body", "-", stdin="x")
    assert done.exit_code == 2
    assert "HTTP status 502" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert github.count("POST", "/comments$") == 2


def test_a_token_that_can_only_read_is_told_which_permission_lacks(
    github: GitHub, ops: Command, pull: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = github.token({"pull-requests": "read"})
    monkeypatch.setenv("GITHUB_TOKEN", token)
    done = ops("comment", "--pull", pull, "--key", "k", "--body", "-", stdin="x")
    assert done.exit_code == 2
    assert "`permissions:` lack `pull-requests: write`" in done.stderr
    assert "Resource not accessible by integration" in done.stderr
    assert token not in done.output
    assert bodies(github) == []


def test_a_token_that_is_not_valid_is_told_so(ops: Command, pull: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "expired")
    done = ops("comment", "--pull", pull, "--key", "k", "--body", "-", stdin="x")
    assert done.exit_code == 2
    assert "GITHUB_TOKEN is not valid" in done.stderr
    assert "expired\n" not in done.stderr.replace("has expired", "")


def test_an_outdated_run_does_not_overwrite_the_comment(github: GitHub, ops: Command, pull: int) -> None:
    done = ops("comment", "--pull", pull, "--key", "k", "--body", "-", "--head", "b" * 40, stdin="x")
    assert done.exit_code == 1
    assert f"its head is {HEAD}" in done.stderr
    assert bodies(github) == []


def test_the_number_of_an_issue_is_no_pull_request(github: GitHub, ops: Command) -> None:
    number = github.stored.issue("alice", "an issue", "")["number"]
    done = ops("comment", "--pull", number, "--key", "k", "--body", "-", "--head", HEAD, stdin="x")
    assert done.exit_code == 2
    assert "it does not exist" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pull", "1; rm -rf /", "--key", "k", "--body", "-"), "--pull"),
        (("--pull", "0", "--key", "k", "--body", "-"), "--pull"),
        (("--pull", "1", "--key", "a --> b", "--body", "-"), "--key"),
        (("--pull", "1", "--key", "k", "--body", "missing.md"), "missing.md: No such file"),
        (("--pull", "1", "--key", "k", "--body", "-", "--head", "main"), "--head"),
    ],
)
def test_wrong_input_is_refused_before_any_request(
    github: GitHub, ops: Command, arguments: tuple[str, ...], words: str
) -> None:
    done = ops("comment", *arguments, stdin="x")
    assert done.exit_code == 2
    assert words in done.stderr
    assert github.requests == []


def test_an_empty_text_is_refused(ops: Command) -> None:
    done = ops("comment", "--pull", 1, "--key", "k", "--body", "-", stdin=" \n")
    assert done.exit_code == 2
    assert "it is empty" in done.stderr


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_a_missing_variable_is_named(ops: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    done = ops("comment", "--pull", 1, "--key", "k", "--body", "-", stdin="x")
    assert done.exit_code == 2
    assert name in done.stderr
