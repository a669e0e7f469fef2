"""Executables from Go modules, with a go that is made for the occasion."""

import dataclasses
import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import build as engine_build
from sandbox.engine.errors import SandboxError
from sandbox.tools import binaries, building, crds
from sandbox.tools.source import Source
from tests.unit.fake_go import GO, Go, Heard

SERVERS_RUN = binaries.SERVERS


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    return Go(tmp_path / "path", monkeypatch)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    return tmp_path / "tools"


def test_every_executable_is_built_once_and_then_kept(go: Go, tools: Path) -> None:
    found = binaries.ensure(SERVERS_RUN, tools, Heard())
    assert found == {name: tools / "bin" / name for name in SERVERS_RUN}
    assert all(path.exists() for path in found.values())
    assert sorted(go.built) == ["kine", "kubernetes", "traefik"], "one build makes all that a module has to give"
    heard = Heard()
    assert binaries.ensure(SERVERS_RUN, tools, heard) == found
    assert len(go.built) == 3, "what stands is not built again"
    assert heard.said == [], "and there is nothing to tell"
    assert {item.name for item in (tools / "bin").iterdir()} == {
        ".lock",
        *SERVERS_RUN,
        *(f"{name}.stamp" for name in SERVERS_RUN),
    }, "nothing is left lying about"


def test_only_what_is_asked_for_is_built(go: Go, tools: Path) -> None:
    assert binaries.ensure(["kubectl"], tools, Heard()) == {"kubectl": tools / "bin" / "kubectl"}
    assert go.built == ["kubernetes"]
    with pytest.raises(ValueError, match="etcd"):
        binaries.ensure(["kine", "etcd"], tools, Heard())
    assert go.built == ["kubernetes"], "a name that nothing makes is refused before the minutes are spent"


def test_other_sources_or_a_lost_stamp_mean_another_build(
    go: Go, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kine"
    folder.mkdir()
    for name in ("go.mod", "go.sum"):
        (folder / name).write_bytes((binaries.KINE.folder / name).read_bytes())
    monkeypatch.setattr(binaries, "SOURCES", (dataclasses.replace(binaries.KINE, folder=folder),))
    binaries.ensure(["kine"], tools, Heard())
    (folder / "go.sum").write_text("other sources\n")
    binaries.ensure(["kine"], tools, Heard())
    assert go.built == ["kine"] * 2, "a binary from other sources must not pass for the pinned one"
    (tools / "bin" / "kine.stamp").unlink()
    binaries.ensure(["kine"], tools, Heard())
    assert go.built == ["kine"] * 3, "a binary without its stamp may be anything"


def test_each_build_tells_how_far_it_is(go: Go, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    go.does(GO.replace("done\n", "done\n    sleep 0.5\n", 1))
    heard = Heard()
    binaries.ensure(["traefik", "kine"], tools, heard)
    side_by_side = [text.splitlines() for text in heard.lively if text.count("\n") == 1]
    assert side_by_side, "two builds have one line each, at the same time"
    assert side_by_side[0][0].startswith("building traefik: ")
    assert side_by_side[0][1].startswith("building kine: ")
    assert any("1 packages compiled, 1 modules fetched" in text for text in heard.lively)
    told = "\n".join(heard.said)
    assert f"building traefik {binaries.TRAEFIK.version} from Go modules" in told
    assert "built kine in" in told


@pytest.mark.parametrize(("cores", "each"), [(1, 1), (2, 1), (4, 1), (12, 4)])
def test_builds_share_the_cores(go: Go, tools: Path, monkeypatch: pytest.MonkeyPatch, cores: int, each: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    binaries.ensure(SERVERS_RUN, tools, Heard())
    assert go.saw.read_text().count(f" -p {each} ") == 3, "together they must not want more than the machine has"


def test_a_build_that_fails_gives_gos_last_words_and_ends_the_others(go: Go, tools: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    go.does(
        'case "$(basename "$PWD")-$1" in *-env) echo go1.99.0;; kine-build) '
        f"while [ ! -s {pid} ]; do sleep 0.05; done; echo some/package; echo 'disk is full' >&2; exit 1;; "
        f"*) sleep 600 & echo $! > {pid}; wait;; esac"
    )
    with pytest.raises(SandboxError, match=r"building kine: disk is full$"):
        binaries.ensure(["kine", "traefik"], tools, Heard())
    assert [item.name for item in (tools / "bin").iterdir()] == [".lock"], "half a build must not be found later"
    patiently(lambda: gone(int(pid.read_text())))  # nobody waits for it any more


def test_a_build_that_hangs_is_ended_with_all_that_it_started(
    go: Go, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    go.does(f'case "$1" in env) echo go1.99.0;; *) sleep 600 & echo $! > {pid}; wait;; esac')
    monkeypatch.setattr(building, "PATIENCE", 1)
    with pytest.raises(SandboxError, match="building kine is not done after 1 s"):
        binaries.ensure(["kine"], tools, Heard())
    patiently(lambda: gone(int(pid.read_text())))


def test_a_build_without_its_executable_is_a_failure(go: Go, tools: Path) -> None:
    go.does('[ "$1" != env ] || echo go1.99.0')
    with pytest.raises(SandboxError, match="makes no kine"):
        binaries.ensure(["kine"], tools, Heard())


def test_without_go_the_error_says_so(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(SandboxError, match="no go on PATH"):
        binaries.ensure(["kine"], tools, Heard())


@pytest.mark.usefixtures("go")
def test_an_old_go_is_named_once_for_each_module_that_wants_a_newer(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_IS", "go1.24.3")
    heard = Heard()
    binaries.ensure(SERVERS_RUN, tools, heard)
    older = [line for line in heard.said if "is older" in line]
    assert len(older) == 2, "kubernetes is content with Go 1.24, traefik and kine are not"


def test_a_second_process_waits_and_finds_the_work_done(go: Go, tools: Path) -> None:
    (tools / "bin").mkdir(parents=True)
    heard = Heard()
    with (tools / "bin" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=binaries.ensure, args=(["kine"], tools, heard))
        second.start()
        patiently(lambda: any("another process" in line for line in heard.said))
        (tools / "bin" / "kine").write_text("made by the first")
        (tools / "bin" / "kine.stamp").write_text(binaries.KINE.fingerprint())
    second.join(timeout=10)
    assert not second.is_alive()
    assert go.built == [], "the first process has built it already"


@pytest.mark.parametrize("source", [*binaries.SOURCES, crds.HELM, engine_build._source()], ids=lambda item: item.name)
def test_a_module_names_its_executables_its_version_and_no_address(source: Source) -> None:
    text = (source.folder / "go.mod").read_text()
    assert (source.folder / "go.sum").read_text().count(f"{source.origin} v{source.version} ") == 1
    for binary in source.binaries:
        assert f"/{binary}\n" in text, f"{binary} needs a tool directive"
    assert "://" not in text, "where modules come from is the machine's own setting"


def test_executables_know_their_version() -> None:
    assert f"version.Version={binaries.TRAEFIK.version}" in binaries.TRAEFIK.linker_flags
    version = binaries.KUBERNETES.version
    assert f"gitVersion=v{version}" in binaries.KUBERNETES.linker_flags, "clients judge a server by its version"
    assert f"gitMinor={version.minor}" in binaries.KUBERNETES.linker_flags


def test_the_staging_modules_are_those_of_the_same_release() -> None:
    version = binaries.KUBERNETES.version
    lines = [line for line in (binaries.KUBERNETES.folder / "go.mod").read_text().splitlines() if " => " in line]
    assert lines
    assert all(line.endswith(f" v0.{version.minor}.{version.patch}") for line in lines)


def gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z " in state.read_text()


def patiently(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
