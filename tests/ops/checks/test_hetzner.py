"""The checks of the Hetzner project, each passing and failing."""

from pathlib import Path
from typing import Any

import pytest

from ops.checks.before.hetzner import checks, planned_names
from ops.checks.model import Outcome
from ops.clouds.hetzner import Hetzner
from sandbox.clouds_api.accounts import Accounts, HetznerToken
from sandbox.clouds_api.hetzner_catalogue import Catalogue
from sandbox.clouds_api.serving import ApiFault, clouds_api
from sandbox.world import World
from tests.engine.conftest import Sandboxes
from tests.ops.checks.conftest import HETZNER_TOKEN, ZONE, Found, clouds, context, edit, run
from tests.ops.clouds.conftest import closed_port


def check(
    folder: Path,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    accounts: Accounts | None = None,
    *faults: ApiFault,
    deployed: bool | None = False,
    stack: str = "prod",
) -> Found:
    with clouds(world, monkeypatch, accounts, *faults):
        return run(checks, context(folder, deployed=deployed, stack=stack))


def test_a_project_that_is_ready_passes_and_nothing_in_it_changes(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clouds(world, monkeypatch) as endpoints:
        found = run(checks, context(folder))
        asked = {request.split()[1] for request in endpoints.requests if request != "hetzner POST /ssh_keys"}
    assert found.outcomes() == {
        "token": Outcome.PASSED,
        "write access": Outcome.PASSED,
        "server type cx33": Outcome.PASSED,
        "names": Outcome.PASSED,
        "limits": Outcome.NOTE,
    }
    assert asked == {"GET"}
    assert world.counts() == {}
    assert "3 servers, 6 Primary IPs" in found["limits"].text


def test_without_a_token_the_project_is_not_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HCLOUD_TOKEN", raising=False)
    assert run(checks, context(folder)).outcomes() == {"project": Outcome.SKIPPED}


def test_a_refused_token_fails(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(folder, world, monkeypatch, Accounts(hetzner=()))
    assert found["token"].outcome is Outcome.FAILED
    assert "the variable HCLOUD_TOKEN is refused" in found["token"].text


def test_a_read_only_token_fails(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = Accounts(hetzner=(HetznerToken(secret=HETZNER_TOKEN, read_only=True),))
    found = check(folder, world, monkeypatch, accounts)
    assert found["token"].outcome is Outcome.PASSED
    assert found["write access"].outcome is Outcome.FAILED
    assert "Read & Write" in found["write access"].remedy


def test_an_unknown_permission_is_a_warning(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with clouds(world, monkeypatch):
        monkeypatch.setattr(Hetzner, "can_write", lambda _: None)
        found = run(checks, context(folder))
    assert found["write access"].outcome is Outcome.WARNING


@pytest.mark.parametrize("status", [429, 503])
def test_an_api_that_fails_for_long_is_named_and_nothing_is_concluded(
    status: int, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.http.Retry.get_backoff_time", lambda _: 0)
    found = check(folder, world, monkeypatch, None, ApiFault(api="hetzner", status=status, times=9))
    assert found["API"].outcome is Outcome.FAILED
    assert str(status) in found["API"].text
    assert "token" not in found.outcomes()


def test_an_api_out_of_reach_is_one_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.http.Retry.get_backoff_time", lambda _: 0)
    monkeypatch.setenv("HCLOUD_TOKEN", HETZNER_TOKEN)
    monkeypatch.setenv("HCLOUD_ENDPOINT", f"http://127.0.0.1:{closed_port()}/v1")
    found = run(checks, context(folder))
    assert [result.outcome for result in found.results] == [Outcome.FAILED, Outcome.SKIPPED]
    assert "no answer" in found["API"].text


def test_a_server_type_that_is_sold_out_fails_unless_the_servers_exist(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(catalogue=Catalogue(sold_out=frozenset({("cx33", "nbg1")})))
    for deployed, outcome in ((False, Outcome.FAILED), (None, Outcome.FAILED), (True, Outcome.WARNING)):
        found = check(folder, world, monkeypatch, accounts, deployed=deployed)
        assert found["server type cx33"].outcome is outcome
        assert "sold out at the moment in nbg1" in found["server type cx33"].text


def test_each_server_type_of_the_fleet_is_checked(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = [{"name": f"n{number}", "privateIp": f"10.0.1.1{number}"} for number in range(3)]
    servers[1]["serverType"] = "ccx13"
    edit(folder, {"honeydue:servers": servers})
    accounts = Accounts(catalogue=Catalogue(sold_out=frozenset({("ccx13", "nbg1")})))
    found = check(folder, world, monkeypatch, accounts)
    assert found["server type cx33"].outcome is Outcome.PASSED
    assert found["server type ccx13"].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("catalogue", "finding"),
    [
        (Catalogue(types={"cx33": frozenset({"fsn1"})}), "not offered in nbg1"),
        (Catalogue(withdrawn=frozenset({"cx33"})), "withdrawn, and no longer available in nbg1"),
        (Catalogue(types={}), "does not exist in nbg1"),
    ],
)
def test_a_type_that_is_not_offered_withdrawn_or_unknown_fails(
    catalogue: Catalogue, finding: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = check(folder, world, monkeypatch, Accounts(catalogue=catalogue))["server type cx33"]
    assert (found.outcome, found.text) == (Outcome.FAILED, finding)


def test_a_type_that_will_be_withdrawn_is_a_warning_with_the_day(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(catalogue=Catalogue(leaving=frozenset({"cx33"})))
    found = check(folder, world, monkeypatch, accounts)["server type cx33"]
    assert found.outcome is Outcome.WARNING
    assert "until 2099-03-01" in found.text


def test_a_location_that_hetzner_does_not_have_fails(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(catalogue=Catalogue(locations=frozenset({"fsn1", "hel1"})))
    found = check(folder, world, monkeypatch, accounts)
    assert found["location"].outcome is Outcome.FAILED
    assert "fsn1, hel1" in found["location"].remedy


@pytest.mark.parametrize("kind", ["server", "network", "firewall", "primary_ip", "ssh_key", "placement_group"])
def test_a_name_that_a_foreign_object_has_fails(
    kind: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"server": "hetzner2", "primary_ip": "hetzner2-ipv6"}.get(kind, "edge")
    put(world, kind, name, {"owner": "somebody"})
    found = check(folder, world, monkeypatch)["names"]
    assert found.outcome is Outcome.FAILED
    assert f"{kind.replace('_', ' ')} {name} (id 7)" in found.text
    assert "of the stack's own" in found.remedy


def test_one_foreign_object_among_the_stacks_own_is_a_collision(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, "network", "edge", {"project": "honeydue", "stack": "prod"})
    put(world, "server", "hetzner1", {"project": "honeydue", "stack": "staging"})
    assert check(folder, world, monkeypatch)["names"].text.startswith("taken by other objects")


def test_other_objects_of_the_project_do_not_matter(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, "server", "hetzner4", {})
    put(world, "network", "hetzner1", {})
    assert check(folder, world, monkeypatch)["names"].outcome is Outcome.PASSED


def test_names_are_not_judged_where_they_may_be_the_stacks_own(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, "server", "hetzner1", {})
    assert check(folder, world, monkeypatch, deployed=True)["names"].outcome is Outcome.SKIPPED
    assert check(folder, world, monkeypatch, deployed=None)["names"].outcome is Outcome.WARNING


def test_all_objects_of_a_stack_whose_state_is_lost_are_found_and_recovery_is_named(
    folder: Path, standing: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(standing.layout.world)
    try:
        found = check(folder, world, monkeypatch, Accounts(zones=(ZONE,)), stack="sandbox")["names"]
        settings = context(folder, stack="sandbox").settings
        assert settings is not None
        with clouds_api(world) as endpoints:
            hetzner = Hetzner(HETZNER_TOKEN, endpoints.hetzner)
            for kind, names in planned_names(settings).items():
                assert sorted(each.name for each in getattr(hetzner, kind)()) == sorted(names)
    finally:
        world.close()
    assert found.outcome is Outcome.FAILED
    assert "the state was lost" in found.remedy
    assert found.text.count("(id ") == 3 + 6 + 4


def test_a_stack_file_with_problems_leaves_the_token_to_be_checked(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, {"honeydue:location": "moon"})
    found = check(folder, world, monkeypatch)
    assert found["token"].outcome is Outcome.PASSED
    assert found["location, server types, names"].outcome is Outcome.SKIPPED


def put(world: World, kind: str, name: str, labels: dict[str, str]) -> None:
    """An object of somebody else."""
    data: dict[str, dict[str, Any]] = {
        "server": {"status": "running", "serverType": "cx33", "location": "fsn1", "image": "x", "primaryDiskSize": 1},
        "network": {"ipRange": "10.9.0.0/16"},
        "primary_ip": {"type": "ipv6", "ipAddress": "2001:db8::", "ipNetwork": "2001:db8::/64", "location": "fsn1"},
        "ssh_key": {"fingerprint": "a", "publicKey": "ssh-ed25519 AAAA"},
        "placement_group": {"type": "spread"},
    }
    world.put(kind, "7", {**data.get(kind, {}), "labels": labels}, provider="hcloud", name=name)
