"""README's production steps on a fresh clone: every command as it is written, with the sandbox's clouds behind it."""

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Final

import pytest
import yaml

from sandbox.engine.find import Engine
from sandbox.engine.layout import ROOT
from tests.checkout import Checkout, copy_repository
from tests.stack_files import committed_config, generated_secrets
from tests.unavailable import unavailable

PLACEHOLDER: Final = "YOUR.IPV4.ADDRESS"
ADDRESS: Final = "198.18.0.10"
"""The operator's address; from the space for benchmarks."""
NO_INDEX: Final = (
    "No matching distribution found",
    "Failed to establish a new connection",
    "Temporary failure in name resol",
)
HTPASSWD: Final = "#!/bin/sh\n[ \"$*\" = '-nB admin' ] && printf '%s\\n\\n' '{line}'\n"
"""As Apache's own prints a record with -n: the line, then an empty one (httpd, support/htpasswd.c)."""


def steps() -> list[list[str]]:
    """The commands of each numbered step of README's section on production."""
    section = (ROOT / "README.md").read_text().split("## Production in five steps", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"^\d\. .*?```sh\n(.*?)```", section, re.MULTILINE | re.DOTALL)
    return [[line.strip() for line in block.splitlines() if line.strip()] for block in blocks]


@dataclass(frozen=True)
class Ran:
    """The checkout after all steps, the output of each step's last command, and the secrets that were typed in."""

    checkout: Checkout
    outputs: list[str]
    typed: dict[str, str]


@pytest.fixture(scope="module")
def ran(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All steps, run in order by a shell; the clone has no virtual environment at first."""
    home = tmp_path_factory.mktemp("readme")
    typed = generated_secrets()
    programs = home / "bin"
    programs.mkdir()
    program = programs / "htpasswd"
    program.write_text(HTPASSWD.format(line=typed["honeydue:adminUsers"]))
    program.chmod(0o755)
    folder = copy_repository(home / "clone", venv=False)
    plain = Checkout(folder=folder, engine=engine, home=home / "sandbox")
    path = os.pathsep.join([str(programs), plain.environment["PATH"]])
    # PULUMI_SKIP_CONFIRMATIONS answers `yes` where the CLI would ask an operator
    variables = {"PATH": path, "PULUMI_SKIP_CONFIRMATIONS": "true"}
    checkout = Checkout(folder=folder, engine=engine, home=home / "sandbox", variables=variables)
    outputs = []
    for number, commands in enumerate(steps(), 1):
        for command in commands:
            key = re.fullmatch(r"pulumi config set --secret (\S+)", command)
            line = command.replace(PLACEHOLDER, ADDRESS)
            done = checkout.run("sh", "-c", line, stdin=typed[key[1]] if key else "", check=False)
            if done.returncode and any(words in done.stdout + done.stderr for words in NO_INDEX):
                unavailable("package index", done.stderr[-500:])
            assert done.returncode == 0, f"step {number}, {command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        outputs.append(done.stdout)
    return Ran(checkout, outputs, typed)


def test_there_are_five_steps_and_one_placeholder() -> None:
    assert len(steps()) == 5
    assert [PLACEHOLDER in command for step in steps() for command in step].count(True) == 1


def test_the_preview_runs_the_pack_and_creates_everything(ran: Ran) -> None:
    assert "honeydue@v" in ran.outputs[3], "the pack was not run"
    assert re.search(r"\+ \d+ to create", ran.outputs[3])


def test_the_update_brings_up_production_s_servers_and_hosts(ran: Ran) -> None:
    outputs = json.loads(ran.checkout.run("pulumi", "stack", "output", "--json").stdout)
    config = committed_config("prod")
    assert {name: node["private"] for name, node in outputs["nodes"].items()} == {
        server["name"]: server["privateIp"] for server in config["honeydue:servers"]
    }
    hosts = sorted(host for route in config["honeydue:routes"] for host in route["hosts"])
    assert outputs["urls"] == [f"https://{host}/" for host in hosts]
    again = ran.checkout.run("pulumi", "preview", "--policy-pack", "policy", "--expect-no-changes")
    assert "unchanged" in again.stdout


def test_the_environment_is_the_clone_s_own_and_has_requirements_txt_only(ran: Ran) -> None:
    python = ran.checkout.folder / ".venv" / "bin" / "python"
    assert python.exists()
    done = ran.checkout.run(str(python), "-c", "import pulumi_policy, pulumi_hcloud, pulumi_cloudflare")
    assert done.returncode == 0
    absent = ran.checkout.run(str(python), "-c", "import pytest", check=False)
    assert absent.returncode == 1, "this is not the environment that the CLI creates"


def test_the_stack_file_gets_the_operator_and_encrypted_secrets_and_keeps_all_else(ran: Ran) -> None:
    text = (ran.checkout.folder / "Pulumi.prod.yaml").read_text()
    before = (ROOT / "Pulumi.prod.yaml").read_text()
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    assert config["honeydue:operators"] == [f"{ADDRESS}/32"]
    for key, value in ran.typed.items():
        assert set(config[key]) == {"secure"}
        assert value not in text
    same = {key: value for key, value in config.items() if key not in {*ran.typed, "honeydue:operators"}}
    assert same == {k: v for k, v in yaml.safe_load(before)["config"].items() if k != "honeydue:operators"}
    comments = re.findall(r"# .*", before)
    assert re.findall(r"# .*", text) == comments, "the CLI dropped the operator's comments"


def test_the_pack_uses_the_programs_environment() -> None:
    """One of its own does not exist on a fresh clone, and the CLI hangs while it looks for it."""
    program, pack = (yaml.safe_load((ROOT / file).read_text()) for file in ("Pulumi.yaml", "policy/PulumiPolicy.yaml"))
    assert program["runtime"]["options"] == {"toolchain": "pip", "virtualenv": ".venv"}
    assert pack["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "../.venv"}


def test_the_clone_keeps_no_secret_outside_the_stack_file_and_the_state(ran: Ran) -> None:
    for file in ran.checkout.folder.rglob("*"):
        if file.is_file() and ".venv" not in file.relative_to(ran.checkout.folder).parts:
            content = file.read_bytes()
            assert not [key for key, value in ran.typed.items() if value.encode() in content], file
