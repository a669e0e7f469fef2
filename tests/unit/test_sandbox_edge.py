"""The edge's configuration, as data, from what the zone's records say."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.nodes.edge import Edge
from sandbox.nodes.edge_host import edge_of
from sandbox.world import World

FOLDER = Path("/edge")


def configuration(**changes: Any) -> str:
    """Of one host at two addresses, with some of it changed."""
    edge: dict[str, Any] = {
        "hosts": {"api.sandbox.test": ["2001:db8:1::1", "198.51.100.1"]},
        "always_https": True,
        "min_tls_version": "1.2",
        "client_certificate": True,
    }
    return Edge(**{**edge, **changes}).configuration(FOLDER)


def test_each_address_of_a_host_is_a_server_reached_from_an_address_of_its_own_family() -> None:
    lines = [line.split() for line in configuration().splitlines() if line.strip().startswith("server ")]
    assert [line[2:] for line in lines] == [
        ["198.51.100.1:443", "source", "173.245.48.10:0"],
        ["ipv6@[2001:db8:1::1]:443", "source", "ipv6@[2606:4700::10]:0"],
    ]


def test_every_origin_is_verified_by_its_own_name() -> None:
    assert "verify required ca-file /edge/origin-ca.pem" in configuration(), "strict would be a word only"
    assert "verifyhost api.sandbox.test" in configuration()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"always_https": False}, "redirect scheme https"),
        ({"client_certificate": False}, "crt /edge/client.pem"),
        ({"min_tls_version": "1.3"}, "ssl-min-ver TLSv1.2"),
    ],
)
def test_what_the_zone_does_not_ask_for_the_edge_does_not_do(change: dict[str, Any], words: str) -> None:
    assert words in configuration()
    assert words not in configuration(**change)


def test_the_edge_knows_proxied_addresses_and_the_zones_settings(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    for number, (name, kind, proxied) in enumerate(
        [("a.sandbox.test", "A", True), ("b.sandbox.test", "A", False), ("c.sandbox.test", "TXT", True)]
    ):
        data = {"name": name, "type": kind, "content": "198.51.100.1", "proxied": proxied}
        world.put("dns_record", str(number), data)
    world.put("zone_setting", "1", {"settingId": "always_use_https", "value": "on"})
    edge = edge_of(world)
    assert edge.hosts == {"a.sandbox.test": ["198.51.100.1"]}, "only a proxied address is the edge's to serve"
    assert edge.always_https
    assert not edge.client_certificate, "nobody switched origin pulls on"
