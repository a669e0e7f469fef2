"""The command line's own manners: help that teaches, one message on failure, a number for the shell."""

import argparse
from pathlib import Path

import pytest

from sandbox import cli
from sandbox.engine.errors import SandboxError
from sandbox.engine.hold import settle
from sandbox.engine.layout import Layout

COMMANDS = ("up", "preview", "refresh", "destroy", "export", "status", "curl", "logs", "shell", "down", "setup")


def test_help_names_every_command_with_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for command in COMMANDS:
        assert f"    {command} " in told, f"{command} can't be found by reading --help"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_another_stack_file(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    told = capsys.readouterr().out
    for option in ("--config-file", "--stack", "--generate-secrets", "--fault", "--home"):
        assert option in told, f"{command} lacks {option}"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["up", "--hight"], ["preview", "--all"]])
def test_a_command_that_is_none_ends_with_the_shells_own_number(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("raised", "number", "told"),
    [
        (SandboxError("no engine, take one of three"), 1, "error: no engine, take one of three\n"),
        (NotADirectoryError(20, "Not a directory", "/dev/null/x"), 1, "error: /dev/null/x: Not a directory\n"),
        (KeyboardInterrupt(), cli.INTERRUPTED, "interrupted; the same command again goes on from here\n"),
    ],
)
def test_a_failure_is_one_message_on_stderr(
    raised: BaseException,
    number: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: argparse.Namespace) -> None:
        raise raised

    monkeypatch.setattr(cli, "COMMANDS", {"up": cli.Entry(fail, "fails", "Fails.")})
    assert cli.main(["up"]) == number
    captured = capsys.readouterr()
    assert captured.err == told, "a person reads this, so there is no traceback"
    assert captured.out == ""


def test_down_deletes_nothing_in_a_folder_that_no_sandbox_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "state" / "thesis"
    kept.parent.mkdir()
    kept.write_text("years of work")
    assert cli.main(["down", "--home", str(tmp_path)]) == 1
    assert "is no sandbox: it has state" in capsys.readouterr().err
    assert kept.read_text() == "years of work"


def test_down_takes_a_home_away_once_it_is_marked(tmp_path: Path) -> None:
    layout = Layout(home=tmp_path)
    settle(layout)
    layout.state.mkdir()
    assert cli.main(["down", "--home", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir()) == []


def test_down_of_all_is_not_for_one_home_among_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["down", "--home", str(tmp_path), "--all"]) == 1
    assert "without --home" in capsys.readouterr().err


def test_a_server_is_named_only_where_one_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["curl", "--home", str(tmp_path), "--node", "node1", "https://api.sandbox.test/"]) == 1
    assert "--from" in capsys.readouterr().err
