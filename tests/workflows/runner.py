"""Run the jobs of `.github/workflows/` as GitHub's runner does: the steps' own commands, with bash, in a checkout.

A step that uses an action runs the function that the test gives for it. An action without one fails the test.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.engine.layout import ROOT
from tests.workflows.expressions import fill, holds
from tests.workflows.github import GitHub

WORKFLOWS: Final = ROOT / ".github" / "workflows"
_STEP_KEYS: Final = {"name", "id", "if", "env", "run", "uses", "with"}
_JOB_KEYS: Final = {
    "name", "if", "strategy", "concurrency", "environment", "runs-on", "timeout-minutes", "permissions", "env", "steps",
    "needs",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a step ended. `outcome` is success, failure or skipped."""

    name: str
    outcome: str
    output: str = ""
    uses: str = ""
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a job ended, with its summary; without steps if its `if:` did not hold."""

    steps: tuple[Step, ...]
    summary: str

    @property
    def failed(self) -> bool:
        """Whether GitHub would show it as failed."""
        return any(step.outcome == "failure" for step in self.steps)

    def step(self, name: str) -> Step:
        """The step of this name."""
        (found,) = (step for step in self.steps if step.name == name)
        return found

    @property
    def log(self) -> str:
        """All that the steps printed."""
        return "\n".join(f"[{step.name}: {step.outcome}]\n{step.output}" for step in self.steps)


Action = Callable[[Path, Mapping[str, str]], None]
"""What an action does: the checkout, and its inputs."""


def workflow(name: str) -> dict[str, Any]:
    """A workflow's content. YAML reads the key `on` as True."""
    content: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text())
    content["on"] = content.pop(True)
    return content


@dataclass(kw_only=True)
class Runner:
    """A repository on GitHub, with its variables, environments and actions.

    Attributes:
        base: The runner's own environment variables, without any secret.
        environments: The secrets of each environment. A job without an environment has none.
    """

    github: GitHub
    base: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]
    variables: Mapping[str, str]
    actions: Mapping[str, Action]
    sha: str = "0" * 40
    _runs: Iterator[int] = field(default_factory=lambda: count(1))

    def run(
        self, folder: Path, name: str, job: str, event: Mapping[str, Any], matrix: Mapping[str, str] | None = None
    ) -> Run:
        """Run one job of a workflow in a checkout."""
        content = workflow(name)
        found = content["jobs"][job]
        assert content["permissions"] == {}, "a job has the permissions that it names, and no other"
        assert not {*found} - _JOB_KEYS, "the runner must know every key"
        assert (matrix is None) == ("strategy" not in found)
        assert all(value in found["strategy"]["matrix"][key] for key, value in (matrix or {}).items())
        return _Job(runner=self, folder=folder, job=found, event=event, matrix=matrix or {}).run()

    def number(self) -> int:
        """The next run's number."""
        return next(self._runs)


class _Job:
    def __init__(
        self,
        *,
        runner: Runner,
        folder: Path,
        job: Mapping[str, Any],
        event: Mapping[str, Any],
        matrix: Mapping[str, str],
    ) -> None:
        self.runner, self.folder, self.job = runner, folder, job
        github = runner.github
        self.token = github.token(job["permissions"])
        self.contexts: dict[str, Any] = {
            "github": {
                "repository": github.stored.name,
                "event": event,
                "token": self.token,
                "ref": "refs/heads/main",
                "sha": runner.sha,
            },
            "vars": runner.variables,
            "matrix": matrix,
            "steps": {},
        }
        self.failed = False
        self.functions: dict[str, Callable[..., Any]] = {
            "success": lambda: not self.failed,
            "failure": lambda: self.failed,
            "cancelled": lambda: False,
            "always": lambda: True,
        }
        self.place = folder / ".github-runner"
        self.variables: dict[str, str] = {}

    def run(self) -> Run:
        """Run the steps, unless the job's condition does not hold."""
        if "if" in self.job and not holds(self.job["if"], self.contexts, self.functions):
            return Run(steps=(), summary="")
        environment = fill(self.job.get("environment", ""), self.contexts)
        self.contexts["secrets"] = self.runner.environments[environment] if environment else {}
        self.place.mkdir(exist_ok=True)
        for name in ("summary", "output", "env", "path"):
            (self.place / name).write_text("")
        self.variables = {
            **self.runner.base,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": self.runner.github.stored.name,
            "GITHUB_API_URL": self.runner.github.url,
            "GITHUB_GRAPHQL_URL": f"{self.runner.github.url}/graphql",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": str(self.runner.number()),
            "GITHUB_SHA": self.runner.sha,
            "GITHUB_WORKSPACE": str(self.folder),
            **{f"GITHUB_{name.upper()}": str(self.place / name) for name in ("output", "env", "path")},
            "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
            **self._env(self.job),
        }
        steps = tuple(map(self._step, self.job["steps"]))
        assert not (self.place / "env").read_text(), "a step passes nothing on through GITHUB_ENV"
        return Run(steps=steps, summary=(self.place / "summary").read_text())

    def _env(self, owner: Mapping[str, Any]) -> dict[str, str]:
        return {key: fill(value, self.contexts) for key, value in (owner.get("env") or {}).items()}

    def _step(self, step: Mapping[str, Any]) -> Step:
        assert not {*step} - _STEP_KEYS, "the runner must know every key"
        name = step["name"]
        if not holds(step.get("if", "success()"), self.contexts, self.functions):
            made = Step(name=name, outcome="skipped")
        elif "uses" in step:
            given = {key: fill(value, self.contexts) for key, value in (step.get("with") or {}).items()}
            action = step["uses"].partition("@")[0]
            assert action in self.runner.actions, f"no test says what {action} does"
            self.runner.actions[action](self.folder, given)
            made = Step(name=name, outcome="success", uses=action, given=given)
        else:
            made = self._command(name, step)
        self.failed = self.failed or made.outcome == "failure"
        if "id" in step:
            lines = (self.place / "output").read_text().splitlines()
            outputs = dict(line.partition("=")[::2] for line in lines)
            self.contexts["steps"][step["id"]] = {"outcome": made.outcome, "outputs": outputs}
        return made

    def _command(self, name: str, step: Mapping[str, Any]) -> Step:
        assert "${{" not in step["run"], "data reaches a script through environment variables only"
        script = self.place / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],  # GitHub's command for `shell: bash`
            cwd=self.folder,
            env={**self.variables, **self._env(step)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Step(name=name, outcome="failure" if done.returncode else "success", output=done.stdout)


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables that a workflow must bring itself."""
    own = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "GITHUB_")
    return {name: value for name, value in environment.items() if not name.startswith(own)}
