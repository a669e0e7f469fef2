"""The reader of Cloudflare's API, on a stack that the engine brought up."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from ops.clouds.cloudflare import Cloudflare, Zone
from ops.http import ATTEMPTS, ApiError
from sandbox.clouds_api.accounts import ALL, SSL_EDIT, ZONE_READ, Accounts, CloudflareToken
from sandbox.clouds_api.serving import ApiFault, Endpoints, clouds_api
from sandbox.engine.layout import ROOT
from sandbox.world import World
from tests.ops.clouds.conftest import CLOUDFLARE_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cloudflare(endpoints: Endpoints, tokens: dict[str, str]) -> Cloudflare:
    return Cloudflare(tokens["cloudflare:apiToken"], endpoints.cloudflare, backoff=0)


def zone_of(cloudflare: Cloudflare, name: str = "sandbox.test") -> Zone:
    found = cloudflare.zone(name)
    assert found is not None
    return found


def test_the_zone_of_the_stack_is_found_with_its_status_plan_and_permissions(cloudflare: Cloudflare) -> None:
    zone = zone_of(cloudflare)
    assert (zone.status, zone.type, zone.paused, zone.plan.legacy_id) == ("active", "full", False, "free")
    assert set(zone.permissions) == ALL
    assert cloudflare.zone("elsewhere.test") is None


def test_every_host_has_one_record_per_node_and_family(cloudflare: Cloudflare) -> None:
    zone = zone_of(cloudflare)
    found = cloudflare.records(zone.id, name="api.sandbox.test")
    assert sorted(each.type for each in found) == ["A"] * 3 + ["AAAA"] * 3
    assert {(each.proxied, each.ttl) for each in found} == {(True, 1)}
    assert all(each.comment and "honeydue/sandbox" in each.comment for each in found)
    assert len(cloudflare.records(zone.id)) == 6 * 6


def test_all_pages_of_the_records_are_read(cloudflare: Cloudflare, endpoints: Endpoints, world: World) -> None:
    zone = zone_of(cloudflare)
    for number in range(120):
        data = {"zoneId": zone.id, "name": f"h{number}.sandbox.test", "type": "A", "content": "192.0.2.1", "ttl": 1}
        world.put("dns_record", f"{number:032x}", data, provider="cloudflare")
    assert len({record.id for record in cloudflare.records(zone.id)}) == 36 + 120
    assert endpoints.requests.count(f"cloudflare GET /zones/{zone.id}/dns_records") == 4


def test_settings_certificates_and_the_switch_of_the_stack_are_read(cloudflare: Cloudflare) -> None:
    zone = zone_of(cloudflare)
    values = {name: cloudflare.setting(zone.id, name).value for name in ("ssl", "min_tls_version", "always_use_https")}
    assert values == {"ssl": "strict", "min_tls_version": "1.2", "always_use_https": "on"}
    [origin], [pulls] = cloudflare.origin_certificates(zone.id), cloudflare.pulls_certificates(zone.id)
    assert {"api.sandbox.test", "sandbox.test"} <= set(origin.hostnames)
    assert str(x509.load_pem_x509_certificate(origin.certificate.encode()).serial_number) == origin.id
    assert pulls.status == "active"
    assert cloudflare.pulls_enabled(zone.id) is True


def test_a_zone_without_a_stack_has_defaults_and_no_objects(world: World) -> None:
    with clouds_api(world, Accounts(zones=("new.test",))) as endpoints:
        cloudflare = Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare)
        zone = zone_of(cloudflare, "new.test")
        assert cloudflare.setting(zone.id, "ssl").value == "full"
        assert cloudflare.records(zone.id) == []
        assert cloudflare.origin_certificates(zone.id) == []
        assert cloudflare.pulls_certificates(zone.id) == []
        assert cloudflare.pulls_enabled(zone.id) is False
        with pytest.raises(ApiError, match="Undefined zone setting"):
            cloudflare.setting(zone.id, "sssl")


def test_a_token_is_verified_by_its_owner(world: World) -> None:
    tokens = (CloudflareToken(secret=CLOUDFLARE_TOKEN), CloudflareToken(secret="a" * 40, owner="account"))
    with clouds_api(world, Accounts(cloudflare=tokens)) as endpoints:
        assert Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare).token_state().status == "active"
        owned = Cloudflare("a" * 40, endpoints.cloudflare)
        with pytest.raises(ApiError, match="Invalid API Token") as refused:
            owned.token_state()
        assert refused.value.status == 401
        assert owned.token_state(zone_of(owned).account.id).status == "active"


def test_an_unknown_and_a_disabled_token_see_nothing(world: World) -> None:
    tokens = (CloudflareToken(secret=CLOUDFLARE_TOKEN, status="disabled"),)
    with clouds_api(world, Accounts(cloudflare=tokens)) as endpoints:
        assert Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare).token_state().status == "disabled"
        for secret in (CLOUDFLARE_TOKEN, "x" * 40):
            with pytest.raises(ApiError) as refused:
                Cloudflare(secret, endpoints.cloudflare).zone("sandbox.test")
            assert refused.value.status == 403
            assert secret not in str(refused.value)


def test_each_request_takes_its_permission(world: World) -> None:
    with clouds_api(world, Accounts(cloudflare=(CloudflareToken(secret=CLOUDFLARE_TOKEN),))) as endpoints:
        zone = zone_of(Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare)).id
    requests: dict[str, Callable[[Cloudflare], object]] = {
        "#zone": lambda each: each.zone("sandbox.test"),
        "#dns_records": lambda each: each.records(zone),
        "#zone_settings": lambda each: each.setting(zone, "ssl"),
        "#ssl": lambda each: (each.origin_certificates(zone), each.pulls_certificates(zone), each.pulls_enabled(zone)),
    }
    for subject, request in requests.items():
        left = frozenset(each for each in ALL if not each.startswith(f"{subject}:"))
        token = CloudflareToken(secret=CLOUDFLARE_TOKEN, permissions=left)
        with clouds_api(world, Accounts(cloudflare=(token,))) as endpoints:
            cloudflare = Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare)
            for other, allowed in requests.items():
                if other != subject:
                    allowed(cloudflare)
            with pytest.raises(ApiError) as refused:
                request(cloudflare)
            assert refused.value.status == 403, subject


def test_a_zone_lists_the_permissions_unless_the_legacy_field_is_empty(world: World) -> None:
    few = frozenset({ZONE_READ, SSL_EDIT})
    for listed in (True, False):
        token = CloudflareToken(secret=CLOUDFLARE_TOKEN, permissions=few, listed=listed)
        with clouds_api(world, Accounts(cloudflare=(token,))) as endpoints:
            zone = zone_of(Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare))
            assert set(zone.permissions) == (few if listed else set())


def test_an_unknown_zone_is_refused(cloudflare: Cloudflare) -> None:
    with pytest.raises(ApiError, match="Could not route to") as refused:
        cloudflare.records("f" * 32)
    assert refused.value.status == 404


def test_a_busy_api_is_asked_again_after_the_time_that_it_names(world: World) -> None:
    with clouds_api(world, faults=(ApiFault(api="cloudflare", status=429, times=1),)) as endpoints:
        assert Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare).zone("sandbox.test") is not None
        assert len(endpoints.requests) == 2
    with clouds_api(world, faults=(ApiFault(api="cloudflare", status=503, times=ATTEMPTS),)) as endpoints:
        with pytest.raises(ApiError) as refused:
            Cloudflare(CLOUDFLARE_TOKEN, endpoints.cloudflare, backoff=0).zone("sandbox.test")
        assert refused.value.status == 503


def test_the_published_ranges_need_no_token(endpoints: Endpoints) -> None:
    snapshot = json.loads(Path(ROOT / "components" / "cloudflare_ranges.json").read_text())
    found = Cloudflare("", endpoints.cloudflare).ranges()
    assert (list(found.ipv4_cidrs), list(found.ipv6_cidrs)) == (snapshot["ipv4"], snapshot["ipv6"])
