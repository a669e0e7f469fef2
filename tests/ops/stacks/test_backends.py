"""What docs/environments.md says about backends and secrets providers, on the real CLI with folders as backends."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.engine.find import Engine
from tests.ops.stacks.commands import Folder

TOKEN = "f" * 64


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The CLI with a home of its own, in a folder with stack files."""

    engine: Engine
    folder: Folder
    home: Path

    def run(self, *arguments: str, phrase: str = "old", stdin: str = "", ok: bool = True) -> str:
        """Run `pulumi ARGUMENTS`, and return its stdout, or both outputs if it must fail."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
        done = subprocess.run(
            [str(self.engine.path), *arguments],
            cwd=self.folder.path,
            env={
                **environment,
                "PULUMI_HOME": str(self.home),
                "PULUMI_CONFIG_PASSPHRASE": phrase,
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            },
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout if ok else done.stdout + done.stderr

    @property
    def stack_file(self) -> str:
        """The text of the stack file."""
        return self.folder.file("prod").read_text()

    def backend(self, name: str) -> Path:
        """Log in to a new folder."""
        path = self.folder.path / name
        path.mkdir()
        self.run("login", f"file://{path}")
        return path


@pytest.fixture
def cli(engine: Engine, folder: Folder, tmp_path: Path) -> Cli:
    """A stack in a folder, with one secret."""
    found = Cli(engine=engine, folder=folder, home=tmp_path / "home")
    found.backend("one")
    found.run("stack", "init", "prod", "--secrets-provider=passphrase")
    found.run("config", "set", "--stack", "prod", "--secret", "hcloud:token", stdin=TOKEN)
    return found


def test_a_folder_that_does_not_exist_is_no_backend(cli: Cli) -> None:
    assert "no such file or directory" in cli.run("login", f"file://{cli.folder.path}/nowhere", ok=False)


def test_the_cli_keeps_the_comments_and_adds_the_secret_encrypted_and_the_salt(cli: Cli, tmp_path: Path) -> None:
    original = Folder.of(_made(tmp_path / "original")).file("prod").read_text()
    assert cli.stack_file.startswith(original)
    added = cli.stack_file.removeprefix(original)
    assert "secure: v1:" in added
    assert "encryptionsalt: v1:" in added
    assert TOKEN not in added


def test_the_cli_reads_a_promoted_file_and_its_secret(cli: Cli) -> None:
    before = cli.stack_file
    with cli.folder.file("staging").open("a") as staging:
        staging.write("  honeydue:minTlsVersion: '1.3'\n")
    assert cli.folder.ops("promote", "staging", "prod", "--write").returncode == 0
    assert cli.stack_file.replace("  honeydue:minTlsVersion: '1.3'\n", "") == before
    assert cli.run("config", "get", "--stack", "prod", "minTlsVersion").strip() == "1.3"
    assert cli.run("config", "get", "--stack", "prod", "hcloud:token").strip() == TOKEN


def test_a_stack_moves_to_another_backend(cli: Cli) -> None:
    before = cli.stack_file
    cli.run("stack", "export", "--stack", "prod", "--file", "prod-state.json")
    assert TOKEN not in (cli.folder.path / "prod-state.json").read_text()
    new = cli.backend("two")
    cli.run("stack", "init", "prod", "--secrets-provider=passphrase")
    cli.run("stack", "import", "--stack", "prod", "--file", "prod-state.json")
    assert cli.stack_file == before, "the stack file stays as it is"
    assert cli.run("config", "get", "--stack", "prod", "hcloud:token").strip() == TOKEN
    assert (new / ".pulumi" / "stacks" / "honeydue" / "prod.json").exists()


def test_a_new_passphrase_replaces_the_old_one(cli: Cli) -> None:
    before = cli.stack_file
    cli.run("stack", "change-secrets-provider", "--stack", "prod", "passphrase", stdin="new\nnew\n")
    assert cli.stack_file != before
    assert "incorrect passphrase" in cli.run("config", "get", "--stack", "prod", "hcloud:token", ok=False)
    assert cli.run("config", "get", "--stack", "prod", "hcloud:token", phrase="new").strip() == TOKEN
    cli.folder.file("prod").write_text(before)
    assert cli.run("config", "get", "--stack", "prod", "hcloud:token").strip() == TOKEN, "an old commit still opens"


@pytest.mark.parametrize("preserve", [True, False])
def test_removing_a_stack_deletes_its_file_unless_told_otherwise(cli: Cli, *, preserve: bool) -> None:
    cli.run("stack", "rm", "prod", "--yes", *(["--preserve-config"] if preserve else []))
    assert cli.folder.file("prod").exists() is preserve


def _made(path: Path) -> Path:
    path.mkdir()
    return path
