"""hcloud's stand-in does what the real plugin was seen to do: what it refuses when, replaces, settles, and leaks."""

import base64
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers import hcloud
from sandbox.providers.refusal import RefusalError
from sandbox.world import World
from tests.providers.plugin import Plugin, Standing, unchanged

SERVER = "hcloud:index/server:Server"
NETWORK = "hcloud:index/network:Network"
SUBNET = "hcloud:index/networkSubnet:NetworkSubnet"
PLACE = "hcloud:index/serverNetwork:ServerNetwork"
FIREWALL = "hcloud:index/firewall:Firewall"
KEY = "hcloud:index/sshKey:SshKey"
ADDRESS = "hcloud:index/primaryIp:PrimaryIp"
GROUP = "hcloud:index/placementGroup:PlacementGroup"
RULE = {"direction": "in", "protocol": "tcp", "port": "443", "sourceIps": ["173.245.48.0/20"]}
ORDER = {"serverType": "cx33", "image": "debian-12", "location": "fsn1"}


def public_key(letter: str) -> str:
    """The form of an Ed25519 key."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", letter.encode() * 32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} test"


PUBLIC_KEY = public_key("a")


@pytest.fixture
def cloud(tmp_path: Path) -> Plugin:
    found = hcloud.provider(World(tmp_path / "world.sqlite"))
    found.configuration = {"token": "t" * 64}
    return Plugin(found)


def network(cloud: Plugin) -> tuple[Standing, Standing]:
    whole = cloud.make(NETWORK, "net", name="net", ipRange="10.0.0.0/16")
    part = cloud.make(
        SUBNET, "subnet", networkId=whole.id, type="cloud", networkZone="eu-central", ipRange="10.0.1.0/24"
    )
    return whole, part


# Refused at preview


@pytest.mark.parametrize("token", ["", "short", "t" * 63, "t" * 65])
def test_a_token_of_another_length_is_refused(cloud: Plugin, token: str) -> None:
    problems = cloud.stand_in.check_config({"token": token})
    assert "must be exactly 64 characters long" in problems[0][1]


@pytest.mark.parametrize(
    ("token", "inputs", "says"),
    [
        (FIREWALL, {"rules": [{**RULE, "direction": "inbound"}]}, "inbound is not a valid direction"),
        (FIREWALL, {"rules": [{**RULE, "sourceIps": ["1.2.3.4/24"]}]}, "1.2.3.4/24 is not the start of the cidr block"),
        (FIREWALL, {"labels": {"a b": "c"}}, "label key 'a b' is not correctly formatted"),
        (SERVER, {"serverType": "cx33", "image": ""}, "image must not be empty"),
        (SUBNET, {"networkId": 1, "type": "fast", "networkZone": "eu-central", "ipRange": "10.0.0.0/24"}, "type"),
        (NETWORK, {"ipRange": "ten"}, "ten"),
        (PLACE, {"serverId": 1}, "one of `network_id,subnet_id` must be specified"),
        (PLACE, {"serverId": 1, "networkId": 1, "ip": "10.0.0"}, "10.0.0"),
        (SERVER, {"serverType": "cx33", "flavour": "big"}, "an argument named 'flavour' is not expected here"),
        (SERVER, {}, "missing required property 'serverType'"),
        (ADDRESS, {"type": "ipv4"}, "location"),
    ],
)
def test_refused_at_preview(cloud: Plugin, token: str, inputs: dict[str, Any], says: str) -> None:
    assert [text for text in cloud.problems(token, **inputs) if says in text], cloud.problems(token, **inputs)


# Passes preview, fails only at up


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"serverType": "cx22"}, "can no longer be ordered"),
        ({"serverType": "huge"}, "huge"),
        ({"image": "windows"}, "windows"),
        ({"location": "mars"}, "mars"),
        ({"serverType": "cpx11"}, "cpx11"),
        ({"userData": "x" * (32 * 1024 + 1)}, "user_data"),
        ({"name": "a_b"}, "not a valid hostname"),
        ({"sshKeys": ["unknown"]}, "unknown"),
    ],
)
def test_a_wrong_order_is_refused_only_at_up(cloud: Plugin, change: dict[str, Any], says: str) -> None:
    assert says in cloud.refused(SERVER, **{"name": "node1", **ORDER, **change})


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (SERVER, {**ORDER, "name": "one"}),
        (NETWORK, {"ipRange": "10.0.0.0/16", "name": "one"}),
        (FIREWALL, {"name": "one"}),
        (KEY, {"name": "one", "publicKey": PUBLIC_KEY}),
        (GROUP, {"name": "one", "type": "spread"}),
        (ADDRESS, {"name": "one", "type": "ipv4", "location": "fsn1"}),
    ],
)
def test_a_name_is_taken_once(cloud: Plugin, token: str, inputs: dict[str, Any]) -> None:
    cloud.make(token, "first", **inputs)
    assert "uniqueness_error" in cloud.refused(token, "second", **inputs)


@pytest.mark.parametrize(
    ("ip_range", "says"), [("100.64.0.0/16", "RFC 1918"), ("8.8.8.0/24", "RFC 1918"), ("10.0.0.0/16", "")]
)
def test_a_network_is_private(cloud: Plugin, ip_range: str, says: str) -> None:
    if says:
        assert says in cloud.refused(NETWORK, ipRange=ip_range)
    else:
        assert cloud.make(NETWORK, ipRange=ip_range).id


@pytest.mark.parametrize(("ip_range", "says"), [("10.1.0.0/24", "not part of"), ("10.0.1.128/25", "overlaps")])
def test_a_subnet_is_inside_and_alone(cloud: Plugin, ip_range: str, says: str) -> None:
    whole, _ = network(cloud)
    more = {"networkId": whole.id, "type": "cloud", "networkZone": "eu-central", "ipRange": ip_range}
    assert says in cloud.refused(SUBNET, "more", **more)


@pytest.mark.parametrize("missing", ["port", "sourceIps"])
def test_a_firewall_rule_without_port_or_sources_fails_at_up(cloud: Plugin, missing: str) -> None:
    rule = {key: value for key, value in RULE.items() if key != missing}
    assert cloud.refused(FIREWALL, name="fw", rules=[rule])


def test_a_private_address_is_taken_once_and_inside(cloud: Plugin) -> None:
    _, part = network(cloud)
    first, second = (cloud.make(SERVER, name, name=name, **ORDER) for name in ("node1", "node2"))
    cloud.make(PLACE, "first", serverId=int(first.id), subnetId=part.id, ip="10.0.1.11")
    assert cloud.refused(PLACE, "second", serverId=int(second.id), subnetId=part.id, ip="10.0.1.11")
    assert cloud.refused(PLACE, "second", serverId=int(second.id), subnetId=part.id, ip="10.0.9.1")


# What replaces, what updates, what never settles


@pytest.mark.parametrize("change", [{"userData": "new"}, {"image": "debian-13"}, {"location": "nbg1"}])
def test_a_named_server_is_replaced_and_goes_first(cloud: Plugin, change: dict[str, Any]) -> None:
    server = cloud.make(SERVER, name="node1", userData="old", **ORDER)
    _, replacing, first = cloud.diff(server, **change)
    assert replacing == set(change)
    assert first


@pytest.mark.parametrize("change", [{"labels": {"a": "b"}}, {"serverType": "cx43"}, {"name": "node2"}])
def test_a_server_is_changed_in_place(cloud: Plugin, change: dict[str, Any]) -> None:
    server = cloud.make(SERVER, name="node1", **ORDER)
    changed, replacing, _ = cloud.diff(server, **change)
    assert (changed, replacing) == (set(change), set())


def test_a_label_leaves_the_address_that_hetzner_chose(cloud: Plugin) -> None:
    chosen = cloud.make(
        ADDRESS, "address", name="a", type="ipv4", assigneeType="server", location="fsn1", autoDelete=False
    )
    server = cloud.make(SERVER, name="node1", publicNets=[{"ipv4": int(chosen.id), "ipv6Enabled": True}], **ORDER)
    before = (server.state["ipv4Address"], server.state["ipv6Address"])
    cloud.update(server, labels={"a": "b"})
    assert (server.state["ipv4Address"], server.state["ipv6Address"]) == before


def test_a_server_of_another_type_is_left_without_power(cloud: Plugin) -> None:
    server = cloud.make(SERVER, name="node1", **ORDER)
    cloud.update(server, serverType="cx43")
    cloud.refresh(server)
    assert server.state["status"] == "off"


def test_the_state_holds_a_digest_of_user_data(cloud: Plugin) -> None:
    server = cloud.make(SERVER, name="node1", userData="#cloud-config\npassword: x", **ORDER)
    assert "password" not in str(server.state)
    assert unchanged(cloud.diff(server))


def test_a_network_with_host_bits_is_replaced_at_the_next_preview(cloud: Plugin) -> None:
    whole = cloud.make(NETWORK, name="net", ipRange="10.0.0.1/16")
    assert cloud.diff(whole)[1] == {"ipRange"}


def test_the_order_of_firewall_rules_and_sources_is_nothing(cloud: Plugin) -> None:
    other = {**RULE, "port": "80", "sourceIps": ["1.2.3.4/32", "2606:4700::/32"]}
    firewall = cloud.make(FIREWALL, name="fw", rules=[RULE, other])
    turned = {**other, "sourceIps": list(reversed(other["sourceIps"]))}
    assert unchanged(cloud.diff(firewall, rules=[turned, RULE]))
    assert not unchanged(cloud.diff(firewall, rules=[RULE]))


def test_a_changed_private_address_made_first_detaches_the_server(cloud: Plugin) -> None:
    _, part = network(cloud)
    server = cloud.make(SERVER, "node1", name="node1", **ORDER)
    place = cloud.make(PLACE, "place", serverId=int(server.id), subnetId=part.id, ip="10.0.1.11")
    _, replacing, first = cloud.diff(place, ip="10.0.1.12")
    assert (replacing, first) == ({"ip"}, False), "without delete_before_replace the new one is made first"
    again = cloud.make(PLACE, "place", serverId=int(server.id), subnetId=part.id, ip="10.0.1.12")
    assert again.id == place.id, "the API says that it is attached, and the plugin takes that for success"
    cloud.delete(place)
    assert not cloud.refresh(again), "the server is still attached"


@pytest.mark.parametrize(
    ("token", "inputs", "change"),
    [
        (KEY, {"name": "key", "publicKey": PUBLIC_KEY}, {"publicKey": public_key("b")}),
        (ADDRESS, {"name": "ip", "type": "ipv4", "location": "fsn1"}, {"location": "nbg1"}),
    ],
)
def test_what_is_created_first_and_then_finds_its_name_taken(
    cloud: Plugin, token: str, inputs: dict[str, Any], change: dict[str, Any]
) -> None:
    item = cloud.make(token, **inputs)
    _, replacing, first = cloud.diff(item, **change)
    assert (replacing, first) == (set(change), False)
    assert "uniqueness_error" in cloud.refused(token, **{**inputs, **change})


def test_a_running_server_stays_in_its_placement_group(cloud: Plugin) -> None:
    group = cloud.make(GROUP, "group", name="group", type="spread")
    server = cloud.make(SERVER, "node1", name="node1", placementGroupId=int(group.id), **ORDER)
    with pytest.raises(RefusalError, match="removing a running server from a placement group"):
        cloud.update(server, placementGroupId=None)


def test_a_protected_server_is_not_deleted(cloud: Plugin) -> None:
    server = cloud.make(SERVER, name="node1", deleteProtection=True, rebuildProtection=True, **ORDER)
    with pytest.raises(RefusalError, match="protect"):
        cloud.delete(server)
    assert cloud.refresh(server)


def test_firewalls_taken_out_of_the_program_stay_attached(cloud: Plugin) -> None:
    firewall = cloud.make(FIREWALL, "fw", name="fw")
    server = cloud.make(SERVER, "node1", name="node1", firewallIds=[int(firewall.id)], **ORDER)
    assert unchanged(cloud.diff(server, firewallIds=None))
    assert cloud.diff(server, firewallIds=[])[0] == {"firewallIds"}


# Imports


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (NETWORK, {"name": "one", "ipRange": "10.0.0.0/16"}),
        (FIREWALL, {"name": "one", "rules": [RULE]}),
        (KEY, {"name": "one", "publicKey": PUBLIC_KEY}),
        (GROUP, {"name": "one", "type": "spread"}),
        (ADDRESS, {"name": "one", "type": "ipv4", "location": "fsn1", "autoDelete": False}),
    ],
)
def test_what_is_imported_by_its_number_is_what_the_program_wants(
    cloud: Plugin, token: str, inputs: dict[str, Any]
) -> None:
    item = cloud.make(token, **inputs)
    found = cloud.imported(item, item.id)
    assert cloud.wanted(item, found) == (set(), set())
    assert cloud.problems(token, **found.inputs) == []


def test_a_subnet_is_imported_by_its_networks_number_and_its_range(cloud: Plugin) -> None:
    whole, part = network(cloud)
    assert cloud.wanted(part, cloud.imported(part, f"{whole.id}-10.0.1.0/24")) == (set(), set())


def test_an_imported_attachment_is_replaced_because_its_subnet_is_not_read(cloud: Plugin) -> None:
    whole, part = network(cloud)
    server = cloud.make(SERVER, "node1", name="node1", **ORDER)
    place = cloud.make(PLACE, "place", serverId=int(server.id), subnetId=part.id, ip="10.0.1.11")
    found = cloud.imported(place, f"{server.id}-{whole.id}")
    assert cloud.wanted(place, found) == ({"subnetId"}, {"subnetId"})
    assert cloud.refresh(place)
    assert place.state["subnetId"] == part.id, "a refresh keeps what the state says"


def test_a_server_is_not_imported(cloud: Plugin) -> None:
    server = cloud.make(SERVER, name="node1", **ORDER)
    with pytest.raises(RefusalError, match="does not simulate the import of a server"):
        cloud.imported(server, server.id)
