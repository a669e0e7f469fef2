"""Which engine is taken, with executables made for the occasion."""

import stat
import time
from pathlib import Path

import pytest

from sandbox.engine import build, find, official
from sandbox.engine.errors import SandboxError


class Heard:
    """A voice that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def live(self, text: str) -> None:
        self.lines.append(text)


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of this folder alone."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installer that fails as without a network."""
    monkeypatch.setattr(official, "_INSTALL", "raise SystemExit('no route to the installer')")


def test_a_pulumi_on_path_that_is_new_enough_is_taken_as_it_is(tmp_path: Path, on_path: Path) -> None:
    theirs = executable(on_path / "pulumi", f"echo v{find.NEEDED}")
    engine = find.find(tmp_path / "tools", Heard())
    assert engine.path == theirs, "an operator's own engine comes first"
    assert "on PATH" in engine.source
    assert not (tmp_path / "tools").exists(), "with an engine on PATH nothing is made"


def test_asking_an_engine_for_its_version_leaves_nothing_in_the_users_home(
    tmp_path: Path, on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    logs = 'logs="${PULUMI_HOME:-$HOME/.pulumi}/logs"; /bin/mkdir -p "$logs"; echo said >"$logs/one"'
    theirs = executable(on_path / "pulumi", f"{logs}\necho v{find.NEEDED}")
    assert find.version_of(theirs) == find.NEEDED
    assert not list(home.iterdir()), "every pulumi command leaves a log in its home"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo v3.100.0", "3.100.0"),
        ("echo v4.0.0", "4.0.0"),
        ("echo hello", "does not answer"),
        ("exit 3", "does not answer"),
    ],
)
def test_a_pulumi_on_path_that_will_not_do_is_named_and_passed_over(
    tmp_path: Path, on_path: Path, script: str, told: str
) -> None:
    executable(on_path / "pulumi", script)
    heard = Heard()
    with pytest.raises(SandboxError) as refused:
        find.find(tmp_path / "tools", heard)
    assert any(told in line for line in heard.lines), "whoever has an old engine must hear why it is not used"
    assert "does not serve" in str(refused.value)


@pytest.mark.usefixtures("no_network", "on_path")
def test_without_any_engine_one_error_names_the_three_choices(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as refused:
        find.find(tmp_path / "tools", Heard())
    text = str(refused.value)
    for choice in (f"pulumi {find.NEEDED} or newer on PATH", "official installer", "Go on PATH"):
        assert choice in text, f"the error must offer: {choice}"
    assert "no route to the installer" in text, "why the installer failed belongs to the error"
    assert "there is no go on PATH" in text


@pytest.mark.usefixtures("on_path")
def test_an_engine_that_was_installed_before_is_kept(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    executable(tools / "pulumi" / "bin" / "pulumi", f"echo {find.NEEDED}")
    assert "installer" in find.find(tools, Heard()).source, "a second run must not ask the network again"


@pytest.mark.usefixtures("on_path")
def test_an_engine_that_was_built_before_is_kept_until_its_sources_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    module = tmp_path / "module"
    module.mkdir()
    for name in ("go.mod", "go.sum"):
        (module / name).write_bytes((build.MODULE / name).read_bytes())
    monkeypatch.setattr(build, "MODULE", module)
    ours = executable(tools / "bin" / "pulumi", f"echo v{find.NEEDED}")
    assert build.built(tools) is None, "a binary without its stamp may be half a build"
    (tools / "bin" / "pulumi.stamp").write_text(build.fingerprint())
    assert find.find(tools, Heard()).path == ours
    (module / "go.sum").write_text("other sources\n")
    assert build.built(tools) is None, "a binary from other sources must not pass for the pinned one"


def test_an_installer_that_fails_leaves_nothing_lying_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "_INSTALL", "import sys, os; os.makedirs(sys.argv[1]); raise SystemExit('half way')")
    with pytest.raises(SandboxError, match="half way"):
        official.install(tmp_path, find.NEEDED, Heard())
    assert list(tmp_path.iterdir()) == [], "half an engine must not be found by the next run"


def test_an_installer_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    hang = f"import subprocess as s; p = s.Popen(['sleep', '600']); open({str(pid)!r}, 'w').write(str(p.pid)); p.wait()"
    monkeypatch.setattr(official, "_INSTALL", hang)
    monkeypatch.setattr(official, "PATIENCE", 2)
    with pytest.raises(SandboxError, match="not done after 2 s"):
        official.install(tmp_path / "tools", find.NEEDED, Heard())
    state, deadline = Path(f"/proc/{pid.read_text()}/stat"), time.monotonic() + 10
    while state.exists() and ") Z " not in state.read_text():
        assert time.monotonic() < deadline, "a download that goes on would litter the tools"
        time.sleep(0.05)


def test_an_engine_that_was_built_in_part_is_no_engine(
    tmp_path: Path, on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = 'case "$1" in env) echo go1.99.0;; build) echo some/package; echo "disk is full" >&2; exit 1;; esac'
    executable(on_path / "go", go)
    monkeypatch.setattr(official, "_INSTALL", "raise SystemExit('none')")
    with pytest.raises(SandboxError, match="disk is full"):
        find.find(tmp_path / "tools", Heard())
    assert build.built(tmp_path / "tools") is None


def test_an_old_go_is_named_before_the_build_begins(tmp_path: Path, on_path: Path) -> None:
    go = 'case "$1" in env) echo go1.20.1;; build) echo "toolchain not available" >&2; exit 1;; esac'
    executable(on_path / "go", go)
    heard = Heard()
    with pytest.raises(SandboxError, match="toolchain not available"):
        build.build(tmp_path / "tools", find.NEEDED, heard)
    assert any("go 1.20.1 is older" in line for line in heard.lines), (
        "an old Go is the likeliest cause and must be told"
    )


def test_the_build_is_pinned_to_the_engine_that_is_needed() -> None:
    text = (build.MODULE / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{find.NEEDED}" in text, "go.mod and NEEDED must be raised together"
    pinned = (Path(build.MODULE).parents[2] / "requirements.in").read_text()
    assert f"pulumi=={find.NEEDED}" in pinned, "engine and SDK must be of one version"
