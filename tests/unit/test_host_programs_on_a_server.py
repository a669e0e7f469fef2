"""The copies of the host programs on a server: by content, verified, and named by every command that runs one."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from components import host_programs
from components.ssh import Script
from tests.unit.host_programs import PROGRAMS

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))


def install(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    """Run the installation script as a server's shell would, with another folder."""
    here = script.replace(host_programs.FOLDER, str(folder))
    command = ["sh", "-s", "--", *map(host_programs.stem, NAMES)]
    return subprocess.run(command, input=here, capture_output=True, text=True, timeout=60, check=False)


def test_each_program_is_installed_under_a_name_with_its_digest(tmp_path: Path) -> None:
    for _ in range(2):  # a second run changes nothing
        done = install(tmp_path / "lib", host_programs.installation_script())
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        for name in NAMES:
            text = (PROGRAMS / f"{name}.py").read_bytes()
            file = tmp_path / "lib" / f"{name}-{hashlib.sha256(text).hexdigest()[:16]}.py"
            assert file.read_bytes() == text
            assert file.stat().st_mode & 0o777 == 0o644
        assert len(list((tmp_path / "lib").iterdir())) == len(NAMES)


def test_an_earlier_version_is_kept_for_commands_that_still_name_it(tmp_path: Path) -> None:
    (tmp_path / "evict-0123456789abcdef.py").write_text("the one that the state still runs before a deletion")
    assert install(tmp_path, host_programs.installation_script()).returncode == 0
    assert (tmp_path / "evict-0123456789abcdef.py").exists()


def test_a_damaged_program_is_not_installed(tmp_path: Path) -> None:
    done = install(tmp_path, host_programs.installation_script().replace("one etcd learner at a time", "two of them"))
    assert done.returncode == 1
    assert done.stderr == "programs: k3s was damaged on its way to this server; run pulumi up again\n"
    assert not list(tmp_path.glob("k3s-*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_can_be_copied_as_plain_text(name: str) -> None:
    text = (PROGRAMS / f"{name}.py").read_text()
    assert text.endswith("\n")
    assert "END OF PROGRAM" not in text


def test_a_command_is_one_short_line_with_the_programs_digest() -> None:
    line = Script(program="evict", verb="evict", args=("hetzner1", "server")).text
    assert line == f"sudo python3 {host_programs.FOLDER}/{host_programs.stem('evict')}.py evict hetzner1 server"
    assert len(line) < 120
    assert len(host_programs.installation_command()) < 240


def test_the_installation_command_shows_which_program_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = host_programs.installation_command().split()
    stem = host_programs.stem

    def changed(program: str) -> str:
        return "ufw-0000000000000000" if program == "ufw" else stem(program)

    monkeypatch.setattr(host_programs, "stem", changed)
    after = host_programs.installation_command().split()
    assert [word for word in after if word not in before] == ["ufw-0000000000000000"]
