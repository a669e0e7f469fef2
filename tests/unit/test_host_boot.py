"""The first boot: done, done with warnings, failed, disabled, missing."""

import json
from pathlib import Path

import pytest

from tests.unit.host_programs import fake, run_program

LONG = """status: {state}
boot_status_code: enabled-by-generator
detail:
DataSourceHetzner
errors: {errors}
"""


def cloud_init(tools: Path, state: str, code: int, errors: str = "[]") -> None:
    long = LONG.format(state=state, errors=errors)
    fake(tools, "cloud-init", f"[ $2 = --wait ] && {{ echo ....; exit {code}; }}\ncat <<'END'\n{long}END\nexit {code}")


def test_a_successful_first_boot_is_reported_as_done(tmp_path: Path) -> None:
    cloud_init(tmp_path, "done", 0)
    done = run_program("boot", "wait", tools=tmp_path)
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, {"cloudInit": "done"}, "")


def test_warnings_are_reported_and_do_not_fail(tmp_path: Path) -> None:
    cloud_init(tmp_path, "done", 2, "a deprecated key")
    done = run_program("boot", "wait", tools=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a deprecated key" in json.loads(done.stdout)["warnings"]


@pytest.mark.parametrize(("state", "code"), [("error", 1), ("disabled", 0), ("done", 1), ("running", 2)])
def test_a_failed_first_boot_shows_cloud_inits_message(tmp_path: Path, state: str, code: int) -> None:
    cloud_init(tmp_path, state, code, "['write_files failed']")
    done = run_program("boot", "wait", tools=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "write_files failed" in done.stderr
    assert state in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_cloud_init_is_reported(tmp_path: Path) -> None:
    done = run_program("boot", "wait", tools=tmp_path, only_tools=True)
    assert done.returncode == 1
    assert done.stderr == "boot: [Errno 2] No such file or directory: 'cloud-init'\n"
