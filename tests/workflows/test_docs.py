"""docs/delivery.md names what the workflows need, and docs/gitlab.md runs the same commands."""

import re
from typing import Any, Final

import pytest
import yaml

from sandbox.engine.layout import ROOT
from tests.workflows.runner import WORKFLOWS, workflow

DELIVERY: Final = (ROOT / "docs" / "delivery.md").read_text()
SOURCE: Final = "\n".join(path.read_text() for path in sorted(WORKFLOWS.glob("*.yml")))
GITLAB: Final[dict[str, Any]] = yaml.safe_load(
    re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "gitlab.md").read_text(), re.DOTALL)[0]
)


@pytest.mark.parametrize("context", ["secrets", "vars"])
def test_every_secret_and_variable_of_the_workflows_is_described(context: str) -> None:
    names = {*re.findall(rf"\b{context}\.(\w+)", SOURCE)}
    assert names
    assert {name for name in names if f"`{name}`" not in DELIVERY} == set()


def test_every_environment_is_described() -> None:
    for name in ("preview", "deploy", "drift"):
        for job in workflow(name)["jobs"].values():
            for stack in job.get("strategy", {}).get("matrix", {}).get("stack", [""]) if "environment" in job else []:
                assert f"`{job['environment'].replace('${{ matrix.stack }}', stack)}`" in DELIVERY


def test_every_workflow_is_described() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", DELIVERY, re.MULTILINE)
    assert {path.stem for path in WORKFLOWS.glob("*.yml")} <= {*rows}


def test_gitlab_runs_the_commands_of_the_workflows() -> None:
    ours = re.sub(r"\\\n\s*", "", SOURCE)
    commands = [
        re.sub(r"\s+", " ", line).partition(" | tee")[0]
        for job in GITLAB.values()
        if isinstance(job, dict)
        for line in job.get("script", [])
    ]
    assert len(commands) == 6
    for command in commands:
        words = command.replace("/dev/null", "overrides.txt").replace(" --format markdown", "")
        words = words.partition(" --save")[0]
        assert words in ours, f"no workflow runs {command}"


def test_gitlab_triggers_on_the_files_of_the_program() -> None:
    ours = {path.replace("/**", "/**/*") for path in workflow("deploy")["on"]["push"]["paths"]}
    assert {*GITLAB[".program"]} == ours
