"""Faults on demand: which call they hit, what the real plugin tries again by itself, and what it reports."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.faults import parse_fault, parse_faults
from sandbox.providers import cloudflare, hcloud
from sandbox.providers.refusal import RefusalError
from sandbox.world import World
from tests.providers.plugin import Plugin
from tests.stack_files import ROOT

GROUP = "hcloud:index/placementGroup:PlacementGroup"


def cloud(world: World, *faults: str) -> Plugin:
    """hcloud, with faults to come."""
    world.begin_run()
    found = hcloud.Hcloud(world, [parse_fault(text) for text in faults])
    found.configuration = {"token": "t" * 64}
    return Plugin(found)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world.sqlite")


def test_a_fault_hits_the_call_that_it_names_and_no_other(world: World) -> None:
    plugin = cloud(world, "hcloud:503@2")
    plugin.make(GROUP, "one", name="one", type="spread")
    with pytest.raises(RefusalError, match=r"service unavailable \(unavailable\)"):
        plugin.make(GROUP, "two", name="two", type="spread")
    assert plugin.make(GROUP, "two", name="two", type="spread").id, "nothing was made by the call that failed"


def test_429_is_tried_again_and_the_run_stays_green(world: World) -> None:
    plugin = cloud(world, "hcloud:429@1")
    assert plugin.make(GROUP, name="one", type="spread").id
    assert [call.detail for call in world.calls()] == ["one", "one (again after 429)"]


def test_503_is_tried_again_by_cloudflare_and_not_by_hcloud(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONEYDUE_SANDBOX_ZONES", "sandbox.test")
    world.begin_run()
    plugin = cloudflare.Cloudflare(world, [parse_fault("cloudflare:503@1")])
    plugin.configuration = {"apiToken": "t" * 40}
    assert plugin.invoke("cloudflare:index/getZones:getZones", {"name": "sandbox.test"})["results"]
    with pytest.raises(RefusalError):
        cloud(world, "hcloud:503@1").make(GROUP, name="one", type="spread")


def test_a_time_out_says_that_nobody_answered(world: World) -> None:
    with pytest.raises(RefusalError, match="context deadline exceeded"):
        cloud(world, "hcloud:timeout@1").make(GROUP, name="one", type="spread")


def test_a_crash_ends_the_plugin_in_mid_call(tmp_path: Path) -> None:
    program = f"""
from tests.providers.test_faults import GROUP, cloud
from sandbox.world import World
cloud(World({str(tmp_path / "w.sqlite")!r}), "hcloud:crash@1").make(GROUP, name="one", type="spread")
print("it went on")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert "it went on" not in done.stdout


def test_an_unanswered_creation_takes_effect_and_the_plugin_waits(world: World) -> None:
    program = f"""
from tests.providers.test_faults import GROUP, cloud
from sandbox.world import World
cloud(World({str(world.path)!r}), "hcloud:unanswered@placement_group").make(GROUP, name="one", type="spread")
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as process:
        try:
            deadline = time.monotonic() + 60
            while world.find("placement_group", "one") is None:
                assert time.monotonic() < deadline, "nothing was made"
                time.sleep(0.05)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
        finally:
            process.kill()


def test_an_unanswered_creation_holds_up_no_other(world: World) -> None:
    assert cloud(world, "hcloud:unanswered@server").stand_in.threads > 1
    assert cloud(world).stand_in.threads == 1, "without the fault, calls come one after another"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hcloud", "PROVIDER:FAULT@CALL"),
        ("hcloud:unanswered@3", "names a kind of object, e.g. hcloud:unanswered@server"),
        ("hcloud:503@server", "counted from 1"),
        ("aws:503@1", "unknown provider aws; known: "),
        ("hcloud:418@1", "hcloud has no fault 418; known: "),
        ("hcloud:503@0", "counted from 1"),
    ],
)
def test_a_fault_that_can_not_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_fault(text)


@pytest.mark.parametrize("text", ['{"a": 1}', '[{"provider": "hcloud"}]', '["hcloud"]'])
def test_a_list_of_faults_is_a_list_of_faults(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        parse_faults(text)
    assert parse_faults("") == []
