"""The script that installs the Pulumi CLI takes only what the release's checksums name."""

import hashlib
import platform
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from sandbox.engine.layout import ROOT

VERSION = re.findall(r"^pulumi==([0-9.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[0]
PLATFORM = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}[platform.machine()]
ARCHIVE = f"pulumi-v{VERSION}-{PLATFORM}.tar.gz"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The files of a release, laid out as at get.pulumi.com: the program is a script that names its version."""
    folder = tmp_path / "site"
    program = folder / "pulumi" / "pulumi"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho v{VERSION}\n")
    program.chmod(0o755)
    with tarfile.open(folder / ARCHIVE, "w:gz") as archive:
        archive.add(folder / "pulumi", "pulumi")
    digest = hashlib.sha256((folder / ARCHIVE).read_bytes()).hexdigest()
    other = f"{'0' * 64}  pulumi-v{VERSION}-darwin-arm64.tar.gz\n"
    (folder / f"pulumi-{VERSION}-checksums.txt").write_text(f"{other}{digest}  {ARCHIVE}\n")
    return folder


def install(site: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROOT / ".github" / "actions" / "setup" / "install-pulumi", target],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PULUMI_RELEASES": site.as_uri()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version_of_the_sdk_is_installed(site: Path, tmp_path: Path) -> None:
    done = install(site, tmp_path / "bin")
    assert done.returncode == 0, done.stderr
    assert subprocess.run([tmp_path / "bin" / "pulumi"], capture_output=True, check=True).stdout.strip() == (
        f"v{VERSION}".encode()
    )


def test_the_setup_puts_the_cli_on_the_path_of_the_next_steps(site: Path, tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / ".github" / "actions" / "setup" / "action.yml").read_text())
    (step,) = (each for each in action["runs"]["steps"] if each["name"] == "Install the Pulumi CLI")
    (tmp_path / "path").touch()
    variables = {"HOME": str(tmp_path), "GITHUB_PATH": str(tmp_path / "path"), "PULUMI_RELEASES": site.as_uri()}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", **variables}, check=True, timeout=60)
    (folder,) = (tmp_path / "path").read_text().splitlines()
    assert (Path(folder) / "pulumi").exists()


@pytest.mark.parametrize("what", ["altered", "not listed", "missing"])
def test_an_archive_without_the_release_s_checksum_is_refused(site: Path, tmp_path: Path, what: str) -> None:
    if what == "altered":
        with (site / ARCHIVE).open("ab") as archive:
            archive.write(b"x")
    elif what == "not listed":
        (site / f"pulumi-{VERSION}-checksums.txt").write_text(f"{'0' * 64}  other.tar.gz\n")
    else:
        (site / ARCHIVE).unlink()
    done = install(site, tmp_path / "bin")
    assert done.returncode != 0
    assert done.stderr
    assert not (tmp_path / "bin").exists()
