"""`ops drift` on the real engine: what was changed behind its back is named, and nothing else."""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from components.cloudflare_ranges import snapshot
from ops.drift import clouds
from ops.engine import Pulumi
from sandbox.engine.layout import ROOT
from sandbox.world import Item, World
from tests.engine.conftest import Sandboxes
from tests.ops.ranges.cloudflare_api import answer, serving

FOUR = [str(network) for network in snapshot().ipv4]
SIX = [str(network) for network in snapshot().ipv6]


def drift(box: Sandboxes, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    run = ["--home", str(box.home), "--servers", "recorded", "--in-stack"]
    return subprocess.run(
        [
            *(sys.executable, "-m", "sandbox", "run", *run, "--"),
            *("env", *(f"{name}={value}" for name, value in variables.items())),
            *(sys.executable, "-m", "ops", "drift", "--stack", "sandbox", *options),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def compared(box: Sandboxes, only: str = "clouds") -> tuple[int, dict[str, Any]]:
    with serving(answer(FOUR, SIX)) as base:
        done = drift(box, "--only", only, "--format", "json", CLOUDFLARE_BASE_URL=base)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


def change_by_hand(box: Sandboxes) -> None:
    """Open a port in the cloud firewall, point one record past Cloudflare, and delete another."""
    with closing(World(box.layout.world)) as world:
        [firewall] = world.objects("firewall")
        opened = {"direction": "in", "protocol": "tcp", "port": "9999", "sourceIps": ["0.0.0.0/0"], "description": "x"}
        world.put("firewall", firewall.id, {**firewall.data, "rules": [*firewall.data["rules"], opened]})
        first, second = (_record(world, kind) for kind in ("A", "AAAA"))
        world.put("dns_record", first.id, {**first.data, "proxied": False}, place=first.place)
        assert world.delete("dns_record", second.id, place=second.place)


def _record(world: World, kind: str) -> Item:
    """The record of this type that points one host at one server."""
    records = world.objects("dns_record")
    named = [each for each in records if each.name == f"api.sandbox.test {kind}"]
    return next(each for each in named if each.data["comment"].startswith("node1,"))


def test_a_stack_that_nobody_changed_has_no_drift_and_the_summary_names_what_was_left_out(standing: Sandboxes) -> None:
    status, report = compared(standing, "clouds,ranges")
    assert (status, report["findings"], report["notChecked"]) == (0, [], [])
    assert report["leftOut"] == [
        "the servers, Traefik and the objects in the cluster, which need an operator's address"
    ]


def test_changes_at_the_clouds_are_named_in_the_words_of_a_preview_with_the_raw_difference(standing: Sandboxes) -> None:
    change_by_hand(standing)
    before = standing().export()
    status, report = compared(standing)
    assert status == 1
    assert report["headline"] == "Drift of sandbox: 3 differences"
    assert {(each["subject"], each["where"], each["what"]) for each in report["findings"]} == {
        ("clouds", "Cloudflare", "deleted record api.sandbox.test -> node1 (AAAA)"),
        ("clouds", "Cloudflare", "record api.sandbox.test -> node1 (A): proxied True -> False"),
        ("clouds", "Hetzner", "port 9999 opens for 0.0.0.0/0 at the cloud firewall"),
    }
    assert any("+rules[4].port: 9999" in each["details"] for each in report["findings"])
    assert standing().export() == before, "the comparison changed the state"


def test_an_unknown_part_and_a_stack_that_cannot_be_opened_are_one_error(standing: Sandboxes) -> None:
    done = drift(standing, "--only", "clouds,moon")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'moon' is not a part; the parts are clouds, servers, ranges" in done.stderr
    done = drift(standing, "--only", "clouds", PULUMI_BACKEND_URL=f"file://{standing.home}/files")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no stack named 'sandbox' found" in done.stderr
    assert "Traceback" not in done.stderr


def test_clouds_that_cannot_be_read_are_not_checked_and_are_not_called_clean(standing: Sandboxes) -> None:
    with closing(World(standing.layout.world)) as world:
        calls = sum(call.provider == "hcloud" for call in world.calls(run=world.run))
    faults = json.dumps([f"hcloud:503@{calls + 1}"])
    done = drift(standing, "--only", "clouds", "--format", "json", HONEYDUE_SANDBOX_FAULTS=faults)
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"]) == (2, [])
    assert [each["what"] for each in report["notChecked"]] == ["service unavailable (unavailable)"]


class Recorded(Pulumi):
    """A CLI whose refresh has prepared results, the first for all resources and the second without the cluster's."""

    def __init__(self, *texts: str) -> None:
        super().__init__(stack="test")
        object.__setattr__(self, "texts", list(texts))
        object.__setattr__(self, "excluded", [])

    def refresh(self, *, exclude: Sequence[str] = ()) -> str:
        self.excluded.append(tuple(exclude))  # type: ignore[attr-defined]
        return str(self.texts.pop(0))  # type: ignore[attr-defined]


def refreshed(*errors: str) -> str:
    diagnostics = [{"severity": "error", "message": message} for message in errors]
    steps = [{"op": "refresh", "urn": "urn:pulumi:t::h::hcloud:index/network:Network::n"}]
    return json.dumps({"steps": steps, "diagnostics": diagnostics, "changeSummary": {"same": 1}})


def test_an_unreachable_cluster_does_not_hide_the_other_clouds() -> None:
    pulumi = Recorded(refreshed("the cluster is unreachable", "preview failed"), refreshed())
    findings, _ = clouds.compare(pulumi, with_cluster=True)
    [missed] = findings
    assert (missed.where, missed.what, missed.checked) == ("the cluster", "the cluster is unreachable", False)
    assert pulumi.excluded == [(), clouds.KUBERNETES]  # type: ignore[attr-defined]


def test_an_error_of_another_cloud_is_not_taken_for_the_cluster_s() -> None:
    pulumi = Recorded(refreshed("hcloud: 401"), refreshed("hcloud: 401"))
    findings, _ = clouds.compare(pulumi, with_cluster=True)
    assert [(each.where, each.what, each.checked) for each in findings] == [("the clouds", "hcloud: 401", False)]
