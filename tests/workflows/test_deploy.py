"""deploy.yml: previewed and judged again after the merge, then updated."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout
from tests.workflows.answers import answer
from tests.workflows.github import GitHub
from tests.workflows.runner import Run, Runner, plain, workflow

RULE = "tls-stays-strict"
OFFERED = {"honeydue:originPulls": {"mode": "offered", "generation": 1}}


@pytest.fixture
def own(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A checkout with a state and clouds of its own, which an update may change."""
    shutil.copytree(checkout.home, tmp_path / "sandbox", symlinks=True)
    return replace(checkout, home=tmp_path / "sandbox")


def deploy(runner: Runner, own: Checkout, commit: str) -> Run:
    backend = {"PULUMI_BACKEND_URL": own.environment["PULUMI_BACKEND_URL"]}
    at_commit = replace(runner, base=plain(own.environment), variables=backend, sha=commit)
    return at_commit.run(own.folder, "deploy", "prod", {})


def outcomes(run: Run) -> Mapping[str, str]:
    return {step.name: step.outcome for step in run.steps}


def test_a_merge_is_judged_again_and_updates_the_stack(runner: Runner, own: Checkout, github: GitHub) -> None:
    own.edit("prod", OFFERED)
    stored = github.stored
    pushed = stored.commit("alice", "a push", stored.commits[stored.refs["main"]]["tree"]["sha"], [stored.refs["main"]])
    refused = outcomes(deploy(runner, own, pushed["sha"]))
    assert refused["Read the overrides"] == "success", "a push without a pull request has none"
    assert (refused["Preview and judge"], refused["Update"]) == ("failure", "skipped")

    pull = github.stored.pull(head="a" * 40, body=f"allow {RULE}: CHG-42")
    commit = github.stored.merge(pull)
    github.stored.roles["will"] = "maintain"
    github.stored.label(pull, "will", f"allow: {RULE}")
    answer(own, "visit", 'echo "visited $*"\nexit 0')
    done = deploy(runner, own, commit)
    assert not done.failed, done.log
    assert done.step("Visit every host").output == "visited -m ops visit --stack prod\n"
    assert f"`{RULE}` is allowed (CHG-42)" in done.summary
    assert "No changes" not in done.summary

    answer(own, "visit", "exit 1")
    again = deploy(runner, own, commit)
    assert "No changes" in again.summary, "the stack is what was merged"
    assert outcomes(again)["Update"] == "success"
    assert outcomes(again)["Visit every host"] == "failure", "a host that does not answer fails the deployment"


def test_production_follows_staging_and_each_stack_has_one_update_at_a_time() -> None:
    jobs: dict[str, Any] = workflow("deploy")["jobs"]
    assert [*jobs] == ["staging", "prod"]
    assert jobs["prod"]["needs"] == "staging"
    assert "needs" not in jobs["staging"]
    for name, job in jobs.items():
        assert job["environment"] == job["env"]["STACK"] == name
        assert job["concurrency"] == {"group": f"stack-{name}", "cancel-in-progress": False}
    same = [{**job, "environment": "", "env": "", "name": "", "needs": "", "concurrency": ""} for job in jobs.values()]
    assert same[0] == same[1], "prod gets what staging got"
