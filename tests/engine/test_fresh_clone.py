"""The environment that the Pulumi CLI makes on a fresh clone: requirements.txt, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox.engine.environment import engine_environment
from sandbox.engine.layout import ROOT
from tests.engine.conftest import Sandboxes
from tests.unavailable import unavailable

NO_INDEX = ("No matching distribution found", "Failed to establish a new connection", "Temporary failure in name resol")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new virtual environment, made as the CLI makes it from requirements.txt."""
    folder = tmp_path_factory.mktemp("fresh") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    made = folder / "bin" / "python"
    pip = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install = [*pip, "-r", str(ROOT / "requirements.txt")]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode and any(words in done.stderr for words in NO_INDEX):
        unavailable("package index", done.stderr[-500:])
    assert done.returncode == 0, done.stderr
    return made


def test_program_and_pack_find_all_they_import_in_requirements_txt(
    python: Path, sandbox: Sandboxes, tmp_path: Path
) -> None:
    stack = sandbox()
    environment = engine_environment(stack.layout)
    home = tmp_path / "pulumi-home"
    shutil.copytree(stack.layout.plugins, home / "plugins")
    (runner,) = (home / "plugins").glob("analyzer-policy-python-*/pulumi-analyzer-policy-python")
    runner.write_text(f'#!/bin/sh\nexec {python} -u -m pulumi.policy "$1" "$2"\n')
    folder = str(stack._stack.workspace.work_dir)
    command = [str(python), str(Path(__file__).with_name("first_preview.py")), str(ROOT), folder, stack._name]
    done = subprocess.run(
        command,
        env={
            **environment,
            "PATH": os.pathsep.join([str(sandbox.engine.path.parent), os.environ["PATH"]]),
            "PULUMI_HOME": str(home),
            "HONEYDUE_SANDBOX_ZONES": stack.file.zone,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "honeydue@v" in done.stdout, "the pack was not run"
    assert "to create" in done.stdout


def test_the_pack_uses_the_programs_environment() -> None:
    """One of its own does not exist on a fresh clone, and the CLI hangs while it looks for it."""
    program, pack = (yaml.safe_load((ROOT / file).read_text()) for file in ("Pulumi.yaml", "policy/PulumiPolicy.yaml"))
    assert program["runtime"]["options"] == {"toolchain": "pip", "virtualenv": ".venv"}
    assert pack["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "../.venv"}
