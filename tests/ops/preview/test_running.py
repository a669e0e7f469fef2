"""`ops preview --stack` and `ops guard --stack`: the Pulumi CLI, this repository and its policy pack."""

import json
import stat
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ops.engine import EngineError, Pulumi
from sandbox.engine.find import Engine
from tests.checkout import Checkout, copy_repository

OPEN = """
import pulumi_hcloud

pulumi_hcloud.Firewall("open", rules=[
    {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["0.0.0.0/0"]}
])
"""


@pytest.fixture(scope="module")
def checkout(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the repository with the stack prod, which has no resources yet."""
    place = tmp_path_factory.mktemp("running")
    copy = Checkout(folder=copy_repository(place / "checkout"), engine=engine, home=place / "sandbox")
    copy.start_stack("prod", {"honeydue:operators": ["198.18.0.10/32"]})
    return copy


def ops(checkout: Checkout, *arguments: str) -> CompletedProcess[str]:
    return checkout.run("python", "-m", "ops", *arguments, check=False)


def test_a_first_preview_shows_what_policies_did_not_judge_yet(checkout: Checkout) -> None:
    done = ops(checkout, "preview", "--stack", "prod")
    assert done.returncode == 0, done.stderr
    assert "created, 0 unchanged" in done.stdout
    assert "policy every-value-is-judged warns about honeydue-prod" in done.stdout
    assert "omits" not in done.stdout
    assert done.stderr == "previewing prod ...\n"


def test_a_saved_preview_is_private_and_guard_reads_it_with_the_policies(checkout: Checkout) -> None:
    done = ops(checkout, "preview", "--stack", "prod", "--save", "preview.json", "--format", "json")
    file = checkout.folder / "preview.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["policyPacks"] == {"honeydue|local|policy": "0.1.0"}
    judged = ops(checkout, "guard", "--json", "preview.json", "--format", "json")
    assert judged.returncode == 0
    assert json.loads(judged.stdout)["policies"] == json.loads(done.stdout)["policies"] != []


def test_a_policy_s_refusal_is_named_by_both_commands(checkout: Checkout) -> None:
    main = checkout.folder / "__main__.py"
    kept = main.read_text()
    main.write_text(kept + OPEN)
    try:
        preview = ops(checkout, "preview", "--stack", "prod", "--save", "refused.json", "--format", "markdown")
    finally:
        main.write_text(kept)
    assert preview.returncode == 1
    assert preview.stdout.startswith("## Preview of prod: Policies refuse this preview: ")
    assert "- `cloud-firewall-is-narrow` about open: " in preview.stdout
    judged = ops(checkout, "guard", "--json", "refused.json")
    assert judged.returncode == 1
    assert "guard: preview-is-complete: policy cloud-firewall-is-narrow refuses open\n" in judged.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--stack", "nope"), "no stack named 'nope' found"),
        (("--stack", "prod", "--json", "preview.json"), "give one or the other"),
        (("--stack", "prod", "--save", "no-such-folder/preview.json"), "No such file or directory"),
    ],
)
def test_without_a_preview_the_status_is_2_and_the_error_is_one_line(
    checkout: Checkout, arguments: tuple[str, ...], words: str
) -> None:
    done = ops(checkout, "preview", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    [error] = [line for line in done.stderr.splitlines() if not line.startswith("previewing")]
    assert error.startswith("error: ")
    assert words in error


def test_a_machine_without_the_cli_and_a_folder_without_a_project_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineError, match=r"has no Pulumi\.yaml"):
        Pulumi(stack="prod", folder=tmp_path).preview()
    (tmp_path / "Pulumi.yaml").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="install the Pulumi CLI"):
        Pulumi(stack="prod", folder=tmp_path).preview()


def test_a_secret_of_the_config_is_read_and_a_missing_one_is_empty(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in checkout.environment.items():
        monkeypatch.setenv(name, value)
    pulumi = Pulumi(stack="prod", folder=checkout.folder)
    assert len(pulumi.config("hcloud:token")) == 64
    assert pulumi.config("honeydue:apiNode") == ""
    assert "deployment" in pulumi.export()
