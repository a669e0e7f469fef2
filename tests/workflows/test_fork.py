"""preview.yml and preview-fork.yml, for a fork: a preview without secrets, posted as data."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout, copy_repository
from tests.ops.preview import previews
from tests.workflows.actions import Actions
from tests.workflows.github import GitHub
from tests.workflows.repository_on_github import LIMIT
from tests.workflows.runner import Run, Runner

HEAD = "f" * 40
PROD = {"stack": "prod"}


@pytest.fixture
def pull(github: GitHub) -> int:
    return github.stored.pull(head=HEAD, fork="mallory/honeydue", author="mallory")


@pytest.fixture
def default_branch(tmp_path: Path) -> Path:
    """A checkout of the default branch, in which preview-fork.yml runs."""
    return copy_repository(tmp_path / "default-branch")


def post(runner: Runner, folder: Path, **run: Any) -> Run:
    """Run preview-fork.yml after a run of preview.yml."""
    about = {
        "id": 77,
        "event": "pull_request",
        "conclusion": "success",
        "head_sha": HEAD,
        "head_repository": {"full_name": "mallory/honeydue"},
        **run,
    }
    event = {"workflow_run": about, "repository": {"default_branch": "main"}}
    shutil.rmtree(folder / "fork", ignore_errors=True)
    return runner.run(folder, "preview-fork", "comment", event, PROD)


def bodies(github: GitHub) -> list[str]:
    return [each["body"] for each in github.stored.comments.values()]


def test_a_fork_gets_a_preview_on_simulated_clouds_and_one_comment(
    runner: Runner, checkout: Checkout, github: GitHub, pull: int, default_branch: Path
) -> None:
    event = {"action": "opened", "pull_request": github.stored.pull_json(github.stored.issues[pull])}
    assert runner.run(checkout.folder, "preview", "stack", event, PROD).steps == (), "no job with secrets runs"
    for done in ("added", "edited"):
        fork = runner.run(checkout.folder, "preview", "fork", event, PROD)
        assert not fork.failed, fork.log
        assert "Preview of prod" in fork.summary
        posted = post(runner, default_branch)
        assert not posted.failed, posted.log
        assert f"{done} https://" in posted.step("Render and comment").output
    (body,) = bodies(github)
    assert "comes from a fork" in body
    assert "server" in body
    assert HEAD[:12] in body


def test_a_branch_of_the_repository_runs_no_fork_job(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    number = github.stored.pull(head=HEAD)
    event = {"action": "opened", "pull_request": github.stored.pull_json(github.stored.issues[number])}
    assert runner.run(checkout.folder, "preview", "fork", event, PROD).steps == ()


@pytest.mark.parametrize(
    "run",
    [
        {"event": "push"},
        {"head_repository": {"full_name": "acme/honeydue"}},
        {"conclusion": "skipped"},
        {"conclusion": "cancelled"},
    ],
)
def test_other_runs_are_not_posted(runner: Runner, default_branch: Path, run: Mapping[str, Any]) -> None:
    assert post(runner, default_branch, **run).steps == ()


def test_a_preview_of_3000_resources_fits_and_says_what_is_left_out(
    runner: Runner, actions: Actions, github: GitHub, pull: int, default_branch: Path
) -> None:
    steps = [
        previews.step(
            "create", previews.RECORD, f"record-{number}", after=previews.record("node1", host=f"h{number}.io")
        )
        for number in range(3000)
    ]
    actions.replace("preview-prod", {"preview.json": previews.text(*steps).encode(), "number": str(pull).encode()})
    posted = post(runner, default_branch)
    assert not posted.failed, posted.log
    (body,) = bodies(github)
    assert LIMIT // 2 < len(body) <= LIMIT
    assert "left out" in body
    assert "https://github.com/acme/honeydue/actions/runs/" in body, "the link survives the cut"


def text(**more: Any) -> bytes:
    return json.dumps({"steps": [], "changeSummary": {"same": 1}, "config": {}, "diagnostics": [], **more}).encode()


def test_the_number_of_another_pull_request_is_refused(
    runner: Runner, actions: Actions, github: GitHub, pull: int, default_branch: Path
) -> None:
    victim = github.stored.pull(head="a" * 40)
    assert victim != pull
    actions.replace("preview-prod", {"preview.json": text(), "number": str(victim).encode()})
    posted = post(runner, default_branch)
    assert posted.failed
    assert "is not at" in posted.step("Render and comment").output
    assert bodies(github) == []


@pytest.mark.parametrize("number", [b"1; touch pwned", b"$(touch pwned)", b"--key=x", b"", b"\xff\x00", b"9" * 400])
def test_a_number_that_is_none_reaches_no_shell_and_no_comment(
    runner: Runner, actions: Actions, github: GitHub, pull: int, *, default_branch: Path, number: bytes
) -> None:
    del pull
    actions.replace("preview-prod", {"preview.json": text(), "number": number})
    posted = post(runner, default_branch)
    assert posted.step("Render and comment").outcome == "failure"
    assert not (default_branch / "pwned").exists()
    assert bodies(github) == []


@pytest.mark.parametrize("content", [b"not JSON", b"[" * 200_000, b"\xff\xfe", b"{}", b'{"steps": 7}'])
def test_a_preview_that_is_none_is_said_to_be_none(
    runner: Runner, actions: Actions, github: GitHub, pull: int, *, default_branch: Path, content: bytes
) -> None:
    actions.replace("preview-prod", {"preview.json": content, "number": str(pull).encode()})
    posted = post(runner, default_branch)
    assert not posted.failed, posted.log
    (body,) = bodies(github)
    assert "It is not readable." in body


def test_names_in_a_stranger_s_preview_are_shown_as_text(
    runner: Runner, actions: Actions, github: GitHub, pull: int, default_branch: Path
) -> None:
    evil = "<img src=x> @everyone [click](https://evil.example) <!-- honeydue: preview-prod -->"
    step = previews.step("create", previews.RECORD, evil, after=previews.record(evil, host=evil))
    actions.replace("preview-prod", {"preview.json": text(steps=[step]), "number": str(pull).encode()})
    posted = post(runner, default_branch)
    assert not posted.failed, posted.log
    (body,) = bodies(github)
    outside = re.sub(r"(`{3,}).*?\n\s*\1", "", body.partition("\n")[2], flags=re.DOTALL)
    assert outside.count("```") == 0, "no block of code is left open"
    assert "evil.example" in outside
    for markup in ("<img", "<!--", "@everyone", "[click]("):
        assert markup not in outside


def test_an_archive_that_is_too_large_is_refused(
    runner: Runner, actions: Actions, github: GitHub, pull: int, default_branch: Path
) -> None:
    actions.replace("preview-prod", {"preview.json": b" " * (33 * 1024 * 1024), "number": str(pull).encode()})
    posted = post(runner, default_branch)
    assert posted.step("Unpack the artifact").outcome == "failure"
    assert "larger than 32 MiB" in posted.step("Unpack the artifact").output
    assert bodies(github) == []
