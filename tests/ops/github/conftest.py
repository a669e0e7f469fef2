"""The commands `python -m ops github`, on a stand-in of GitHub's API."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.github import comments, issues, pull_requests
from tests.workflows.github import GitHub, serving

Command = Callable[..., Result]

PERMISSIONS = {"contents": "write", "issues": "write", "pull-requests": "write"}


@pytest.fixture
def github() -> Iterator[GitHub]:
    """The API."""
    with serving() as started:
        yield started


@pytest.fixture
def ops(github: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run a command as a workflow's step with all permissions does."""
    for module in (comments, issues, pull_requests):
        monkeypatch.setattr(module, "SETTLE", 0.0)
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_GRAPHQL_URL", "GITHUB_RUN_ID", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", github.token(PERMISSIONS))
    monkeypatch.setenv("GITHUB_REPOSITORY", github.stored.name)
    monkeypatch.setenv("GITHUB_API_URL", github.url)

    def run(*arguments: object, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, ["github", *map(str, arguments)], input=stdin)

    return run
