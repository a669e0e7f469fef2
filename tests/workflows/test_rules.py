"""What every workflow must satisfy, and that `make check` refuses one that does not."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.voice import Plain
from sandbox.tools.binaries import ACTIONLINT, ensure
from tests.checkout import copy_repository
from tests.unavailable import unavailable
from tests.workflows.runner import WORKFLOWS, workflow

NAMES: Final = sorted(path.stem for path in WORKFLOWS.glob("*.yml"))
ACTION: Final = ROOT / ".github" / "actions" / "setup" / "action.yml"
SETUP: Final = {
    "Install Python": "actions/setup-python",
    "Create the virtual environment": ".ci/venv .venv",
    "Install the Pulumi CLI": ".github/actions/setup/install-pulumi",
    "Keep the provider plugins": "actions/cache",
    "Sign in to AWS": "aws-actions/configure-aws-credentials",
    "Sign in to Pulumi Cloud": "pulumi/auth-actions",
}
"""Each step of the setup action. None of them runs in these tests, which have the environment and the CLI."""
CHECK: Final = [
    "actions/checkout",
    "actions/setup-python",
    "actions/setup-go",
    "actions/cache",
    "make .venv/.ready",
    ".ci/run",
    "chown",
]
"""Each step of check.yml, which runs these tests and is not run by them."""


def steps(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each job's steps."""
    for job in workflow(name)["jobs"].values():
        for step in job["steps"]:
            yield job, step


def used() -> list[str]:
    """All lines that use an action."""
    files = [*WORKFLOWS.glob("*.yml"), ACTION]
    return [
        line.split("uses:")[1].strip() for file in files for line in file.read_text().splitlines() if "uses:" in line
    ]


def test_the_workflows_are_these() -> None:
    assert NAMES == ["check", "deploy", "drift", "preview", "preview-fork", "ranges"]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_grants_nothing_by_itself_and_no_job_runs_for_ever(name: str) -> None:
    content = workflow(name)
    assert content["permissions"] == {}
    assert "pull_request_target" not in content["on"]
    for job in content["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
        assert job["permissions"]


def test_only_these_jobs_may_write() -> None:
    writes = {
        (name, job, scope)
        for name in NAMES
        for job, content in workflow(name)["jobs"].items()
        for scope, level in content["permissions"].items()
        if level == "write" and scope != "id-token"
    }
    assert writes == {
        ("preview", "stack", "pull-requests"),
        ("preview-fork", "comment", "pull-requests"),
        ("drift", "drift", "issues"),
        ("ranges", "ranges", "contents"),
        ("ranges", "ranges", "pull-requests"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_in_an_environment_and_only_in_the_steps_that_need_it(name: str) -> None:
    content = workflow(name)
    assert "secrets." not in str({key: value for key, value in content.items() if key != "jobs"})
    for job, step in steps(name):
        assert "secrets." not in str({key: value for key, value in job.items() if key != "steps"})
        if "secrets." in str(step):
            assert re.search(r"ops drift|scripts/judge|pulumi up", step["run"])
            assert job["environment"]
            assert "github.token" not in str(step), "a step has the secret or the token"
        if "github.token" in str(step) and "run" in step:
            assert "ops github " in step["run"]


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_leaves_no_token_behind(name: str) -> None:
    checkouts = [step for _, step in steps(name) if "actions/checkout" in step.get("uses", "")]
    assert len(checkouts) == len(workflow(name)["jobs"])
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_actions_are_pinned_by_commit_and_each_has_one_version() -> None:
    pinned = [use for use in used() if not use.startswith("./")]
    assert pinned
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in pinned)
    assert len({use.partition("@")[0] for use in pinned}) == len({*pinned})


def test_the_steps_of_the_setup_are_these() -> None:
    found = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    assert [step["name"] for step in found] == [*SETUP]
    for step, words in zip(found, SETUP.values(), strict=True):
        assert words in str(step.get("uses", step.get("run")))
    for name, wanted in (("Sign in to AWS", "aws-role"), ("Sign in to Pulumi Cloud", "pulumi-organization")):
        (step,) = (step for step in found if step["name"] == name)
        assert step["if"] == f"inputs.{wanted} != ''"


def test_check_runs_everything_as_root_with_caches_of_the_lock_files() -> None:
    found = [step for _, step in steps("check")]
    assert len(found) == len(CHECK)
    for step, words in zip(found, CHECK, strict=True):
        assert words in str(step.get("uses", step.get("run")))
    assert found[5]["run"] == 'sudo --preserve-env env "PATH=$PATH" .ci/run'
    assert found[1]["with"]["cache-dependency-path"] == "requirements-dev.txt"
    assert found[2]["with"]["cache-dependency-path"] == "sandbox/tools/*/go.sum"
    assert "sandbox/tools/*/go.sum" in found[3]["with"]["key"]


def test_a_preview_starts_for_everything_that_the_program_reads() -> None:
    patterns = workflow("preview")["on"]["pull_request"]["paths"]
    assert {*workflow("deploy")["on"]["push"]["paths"]} == {
        each for each in patterns if not each.startswith(".github/")
    }
    for pattern in patterns:
        assert [*ROOT.glob(pattern)], f"{pattern} matches nothing"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout without built programs, in which git lists the files."""
    folder = copy_repository(tmp_path / "checkout")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True, timeout=60)
    return folder


def checked(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, ".ci/workflows.py"],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_make_check_refuses_a_script_injection_and_an_unknown_key(copy: Path) -> None:
    try:
        ensure(ACTIONLINT.binaries, Layout().tools, Plain())
    except SandboxError as error:
        unavailable("actionlint", error)
    (copy / ".sandbox").mkdir()
    (copy / ".sandbox" / "bin").symlink_to(ROOT / ".sandbox" / "bin")
    assert checked(copy).returncode == 0
    file = copy / ".github" / "workflows" / "ranges.yml"
    text = file.read_text()
    file.write_text(text.replace("ops ranges update", "ops ranges update ${{ github.head_ref }}"))
    injected = checked(copy)
    assert injected.returncode == 1
    assert "template-injection" in injected.stdout + injected.stderr
    file.write_text(text.replace("timeout-minutes", "timeout-minute"))
    assert "unexpected key" in checked(copy).stdout


def test_without_go_actionlint_is_skipped_with_a_reason_but_not_in_ci(copy: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    (path / "git").symlink_to(str(shutil.which("git")))
    skipped = checked(copy, PATH=str(path))
    assert skipped.returncode == 0
    assert "actionlint is skipped: Go: there is no go on PATH" in skipped.stderr
    missing = checked(copy, PATH=str(path), CI="true")
    assert missing.returncode == 1
    assert "actionlint is missing" in missing.stderr
