"""The checks of the routes' hosts and of the zone's DNS records, each passing and failing."""

from pathlib import Path

import pytest

from ops.checks.before.cloudflare import checks
from ops.checks.model import Outcome
from ops.clouds.cloudflare import Cloudflare
from sandbox.clouds_api.serving import clouds_api
from sandbox.world import World
from tests.engine.conftest import Sandboxes
from tests.ops.checks.conftest import CLOUDFLARE_TOKEN, ZONE, Found, clouds, context, edit, put_record, run


def check(
    folder: Path,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    *,
    deployed: bool | None = False,
    stack: str = "prod",
) -> Found:
    with clouds(world, monkeypatch):
        return run(checks, context(folder, deployed=deployed, stack=stack))


@pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME"])
def test_a_record_of_a_host_that_somebody_else_created_fails(
    kind: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(world, f"api.{ZONE}", kind, proxied=False)
    found = check(folder, world, monkeypatch)["records of the hosts"]
    assert found.outcome is Outcome.FAILED
    assert f"api.{ZONE} {kind} " in found.text


def test_one_record_of_somebody_else_among_the_stacks_own_is_a_collision(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(world, f"api.{ZONE}", comment="hetzner1, honeydue/prod")
    put_record(world, f"api.{ZONE}", "AAAA", comment="hetzner1, honeydue/production")
    found = check(folder, world, monkeypatch)["records of the hosts"]
    assert found.outcome is Outcome.FAILED
    assert found.text.startswith("other records exist")


def test_other_records_do_not_collide(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put_record(world, ZONE, "TXT", proxied=False)
    put_record(world, f"www.{ZONE}", proxied=False)
    found = check(folder, world, monkeypatch)
    assert found["records of the hosts"].outcome is Outcome.PASSED
    assert found["other hosts of the zone"].outcome is Outcome.PASSED


def test_other_proxied_hosts_are_a_warning_because_settings_apply_to_the_zone(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        put_record(world, f"w{number}.{ZONE}")
    found = check(folder, world, monkeypatch)["other hosts of the zone"]
    assert found.outcome is Outcome.WARNING
    assert f"w0.{ZONE} A" in found.text
    assert "2 more" in found.text


def test_records_are_not_judged_where_they_may_be_the_stacks_own(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(world, f"api.{ZONE}")
    assert check(folder, world, monkeypatch, deployed=True)["records of the hosts"].outcome is Outcome.SKIPPED
    assert check(folder, world, monkeypatch, deployed=None)["records of the hosts"].outcome is Outcome.WARNING


def test_the_records_of_a_stack_whose_state_is_lost_are_found_and_recovery_is_named(
    folder: Path, standing: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(standing.layout.world)
    try:
        found = check(folder, world, monkeypatch, stack="sandbox")["records of the hosts"]
        with clouds_api(world) as endpoints:
            reader = Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare)
            zone = reader.zone("sandbox.test")
            assert zone is not None
            count = len(reader.records(zone.id))
    finally:
        world.close()
    assert found.outcome is Outcome.FAILED
    assert "the state was lost" in found.remedy
    assert f"{count - 5} more" in found.text


def test_a_host_more_than_one_label_below_the_zone_is_a_warning(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [ZONE, f"api.{ZONE}", f"v1.api.{ZONE}"]
    edit(folder, {"honeydue:routes": [{"name": "api", "hosts": hosts, "service": "api", "port": 80}]})
    found = check(folder, world, monkeypatch)["certificates for visitors"]
    assert found.outcome is Outcome.WARNING
    assert f"does not cover v1.api.{ZONE}, more" in found.text
