"""`ops github pull-request`: one pull request with changed files, without a push."""

from pathlib import Path

import pytest

from tests.ops.github.conftest import Command
from tests.workflows.github import GitHub
from tests.workflows.repository_on_github import BOT

BRANCH = "update/ranges"
FILE = "components/ranges.json"


def put(ops: Command, text: str, code: int = 0) -> str:
    Path("components").mkdir(exist_ok=True)
    Path(FILE).write_text(text)
    words = ("--branch", BRANCH, "--title", "Update the ranges", "--body", "-", "--file", FILE)
    done = ops("pull-request", *words, stdin="What changed")
    assert done.exit_code == code, done.output
    return done.output


def pulls(github: GitHub) -> list[int]:
    return [each["number"] for each in github.stored.open_pulls()]


def test_one_pull_request_is_opened_and_updated(github: GitHub, ops: Command) -> None:
    assert put(ops, "[1]\n").startswith("opened https://")
    assert github.stored.files(BRANCH) == {"README.md": "honeydue\n", FILE: "[1]\n"}
    assert put(ops, "[2]\n").startswith("updated https://")
    assert github.stored.files(BRANCH)[FILE] == "[2]\n"
    assert len(pulls(github)) == 1
    (parent,) = github.stored.commits[github.stored.refs[BRANCH]]["parents"]
    assert parent["sha"] == github.stored.refs["main"], "the branch is one commit on top of the base"
    assert github.stored.files("main") == {"README.md": "honeydue\n"}


def test_the_same_files_make_no_second_commit(github: GitHub, ops: Command) -> None:
    put(ops, "[1]\n")
    head = github.stored.refs[BRANCH]
    put(ops, "[1]\n")
    assert github.stored.refs[BRANCH] == head


def test_a_base_that_moved_on_is_followed(github: GitHub, ops: Command) -> None:
    put(ops, "[1]\n")
    tree = github.stored.tree(
        github.stored.commits[github.stored.refs["main"]]["tree"]["sha"],
        [{"path": "new.txt", "mode": "100644", "content": "new\n"}],
    )
    github.stored.refs["main"] = github.stored.commit("alice", "new", tree, [github.stored.refs["main"]])["sha"]
    put(ops, "[1]\n")
    assert github.stored.files(BRANCH) == {"README.md": "honeydue\n", "new.txt": "new\n", FILE: "[1]\n"}


def test_files_without_a_change_open_nothing(github: GitHub, ops: Command) -> None:
    Path("README.md").write_text("honeydue\n")
    done = ops("pull-request", "--branch", BRANCH, "--title", "t", "--body", "-", "--file", "README.md", stdin="x")
    assert (done.exit_code, done.stdout) == (0, "unchanged\n")
    assert BRANCH not in github.stored.refs
    assert pulls(github) == []


def test_a_commit_of_somebody_else_on_the_branch_is_not_overwritten(github: GitHub, ops: Command) -> None:
    put(ops, "[1]\n")
    before = github.stored.refs[BRANCH]
    tree = github.stored.commits[before]["tree"]["sha"]
    github.stored.refs[BRANCH] = github.stored.commit("alice", "fix", tree, [before])["sha"]
    kept = github.stored.refs[BRANCH]
    assert "ends with a commit of alice" in put(ops, "[2]\n", code=1)
    assert github.stored.refs[BRANCH] == kept


def test_a_fork_s_pull_request_of_the_same_branch_is_left_alone(github: GitHub, ops: Command) -> None:
    fork = github.stored.pull(head="a" * 40, branch=BRANCH, body="theirs", fork="mallory/honeydue", author="mallory")
    put(ops, "[1]\n")
    assert github.stored.issues[fork]["body"] == "theirs"
    assert len(pulls(github)) == 2


@pytest.mark.parametrize("path", ["/git/refs$", "/pulls$"])
@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_makes_no_second_one(github: GitHub, ops: Command, path: str, status: int) -> None:
    github.fail("POST", path, status, effect=True)
    assert put(ops, "[1]\n").startswith("opened https://")
    assert len(pulls(github)) == 1
    assert github.count("POST", path) == 1


def test_the_setting_that_forbids_it_is_named(github: GitHub, ops: Command) -> None:
    github.stored.actions_may_open = False
    assert "Settings, Actions, General, Workflow permissions" in put(ops, "[1]\n", code=2)


@pytest.mark.parametrize("lacking", ["contents", "pull-requests"])
def test_the_missing_permission_is_named(
    github: GitHub, ops: Command, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    permissions = {"contents": "write", "pull-requests": "write", lacking: "read"}
    monkeypatch.setenv("GITHUB_TOKEN", github.token(permissions, login=BOT))
    assert f"`{lacking}: write`" in put(ops, "[1]\n", code=2)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--file", "missing.json", "missing.json: No such file"),
        ("--file", "/etc/hostname", "inside the current folder"),
        ("--branch", "a b", "is not a branch's name"),
        ("--branch", "main", "never overwritten"),
    ],
)
def test_wrong_input_changes_nothing(github: GitHub, ops: Command, option: str, value: str, words: str) -> None:
    Path("a.json").write_text("1\n")
    given = {"--file": "a.json", "--branch": BRANCH, "--title": "t", "--body": "-", option: value}
    done = ops("pull-request", *(word for pair in given.items() for word in pair), stdin="x")
    assert done.exit_code == 2
    assert words in done.stderr
    assert github.count("POST") == github.count("PATCH") == 0
