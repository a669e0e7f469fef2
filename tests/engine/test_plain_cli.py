"""`python -m sandbox run`: the Pulumi CLI itself, on this repository, with the sandbox's clouds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.engine.find import Engine
from sandbox.engine.layout import ROOT
from tests.checkout import Checkout, copy_repository
from tests.engine.conftest import Sandboxes

OPERATORS = {"honeydue:operators": ["198.18.0.10/32"]}


@pytest.fixture
def checkout(engine: Engine, tmp_path: Path) -> Checkout:
    """A copy of the repository without a stack."""
    return Checkout(folder=copy_repository(tmp_path / "checkout"), engine=engine, home=tmp_path / "sandbox")


def test_the_cli_updates_production_with_its_pack_and_then_has_nothing_to_do(checkout: Checkout) -> None:
    checkout.start_stack("prod", OPERATORS)
    done = checkout.run("pulumi", "up", "--yes", "--policy-pack", "policy", "--stack", "prod")
    assert "honeydue@v" in done.stdout, "the pack was not run"
    again = checkout.run("pulumi", "preview", "--policy-pack", "policy", "--stack", "prod", "--expect-no-changes")
    assert "unchanged" in again.stdout


def test_a_refused_stack_file_is_one_error_of_the_cli(checkout: Checkout) -> None:
    checkout.start_stack("prod", {})
    done = checkout.run("pulumi", "preview", "--stack", "prod", check=False)
    assert done.returncode != 0
    assert "honeydue:operators" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_policy_s_refusal_fails_the_cli(checkout: Checkout) -> None:
    checkout.start_stack("prod", OPERATORS)
    main = checkout.folder / "__main__.py"
    main.write_text(
        main.read_text() + "\nimport pulumi_hcloud\n"
        'pulumi_hcloud.Firewall("open", rules=[{"direction": "in", "protocol": "tcp", "port": "22", '
        '"source_ips": ["0.0.0.0/0"]}])\n'
    )
    done = checkout.run("pulumi", "preview", "--stack", "prod", "--policy-pack", "policy", check=False)
    assert done.returncode != 0
    assert "[mandatory]" in done.stdout


def run(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", "run", "--home", str(home), "--servers", "recorded", *arguments]
    environment = {**os.environ, "HCLOUD_TOKEN": "mine"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_run_gives_the_command_the_sandbox_s_environment_and_returns_its_status(engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "sandbox"
    done = run("--", "sh", "-c", 'echo "$PULUMI_BACKEND_URL|$HCLOUD_TOKEN|$(command -v pulumi)"; exit 7', home=home)
    assert done.returncode == 7
    backend, token, pulumi = done.stdout.strip().split("|")
    assert backend.startswith(f"file://{home}")
    assert token == ""
    assert Path(pulumi).resolve() == engine.path.resolve()
    assert done.stderr == ""


@pytest.mark.usefixtures("engine")
def test_run_serves_the_clouds_read_apis_to_the_command(tmp_path: Path) -> None:
    ask = (
        "import os, requests\n"
        "url = os.environ['HCLOUD_ENDPOINT'] + '/servers'\n"
        "print(requests.get(url, headers={'Authorization': 'Bearer ' + 64 * 'h'}, timeout=5).json()['servers'])\n"
        "url = os.environ['CLOUDFLARE_BASE_URL'] + '/zones'\n"
        "zones = requests.get(url, headers={'Authorization': 'Bearer ' + 40 * 'c'}, timeout=5).json()['result']\n"
        "print(*sorted(zone['name'] for zone in zones))\n"
    )
    done = run("--", sys.executable, "-c", ask, home=tmp_path / "sandbox")
    assert done.stdout == "[]\nhoneydue-staging.com myhoneydue.com sandbox.test\n", done.stderr


def test_run_in_stack_works_on_the_sandbox_s_own_stack(standing: Sandboxes) -> None:
    done = run("--in-stack", "--", "pulumi", "preview", "--stack", "sandbox", "--expect-no-changes", home=standing.home)
    assert done.returncode == 0, done.stdout + done.stderr


def test_run_refuses_a_missing_command_in_one_line(tmp_path: Path) -> None:
    for arguments, words in (((), "the command is missing"), (("--", "no-such-program"), "no-such-program: ")):
        done = run(*arguments, home=tmp_path / "sandbox")
        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
