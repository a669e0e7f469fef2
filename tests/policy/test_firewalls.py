"""Both firewalls: one rule broken at a time, and sources and ports that must not be open."""

import json
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails import UNKNOWN, Resource, judge
from guardrails.firewalls.sources import snapshot
from tests.policy.compliant import (
    ABSENT,
    CLOUDFLARE,
    Path,
    altered,
    put,
    stack,
    ufw_policy,
    with_policy,
    with_property,
)
from tests.policy.verdict import leaves, passes, refuses

CLOUD = "cloud-firewall-is-narrow"
HOST = "host-firewall-is-narrow"


def cloud_rule(sources: list[Any], port: str | None, protocol: str = "tcp", direction: str = "in") -> list[Resource]:
    """The stack with one more rule in Hetzner's firewall."""
    rule = {"direction": direction, "protocol": protocol, "sourceIps": sources, **({"port": port} if port else {})}
    return with_property("Firewall", "firewall", ("rules", 4), rule)


def host_rule(source: Any, port: str, proto: str = "tcp") -> list[Resource]:
    """The stack with one more rule in a host's UFW."""
    rules = [*ufw_policy()["rules"], {"from": source, "port": port, "proto": proto, "comment": "more"}]
    return with_policy(("rules",), rules)


OPEN = [
    ("0.0.0.0/0", "443", "may reach port 443"),
    ("::/0", "443", "may reach port 443"),
    ("0.0.0.0/1", "80", "may reach port 80"),
    ("10.0.0.0/8", "443", "80 and 443 only to Cloudflare"),
    ("10.0.1.0/24", "80", "80 and 443 only to Cloudflare"),
    ("203.0.113.0/24", "443", "overlaps 203.0.113.0/24"),
    ("3fff::/32", "443", "overlaps 3fff::/20"),
    ("0.0.0.0/0", "22", "is too broad"),
    ("::/0", "22", "is too broad"),
    ("0.0.0.0/1", "22", "is too broad"),
    ("128.0.0.0/1", "6443", "is too broad"),
    ("8000::/1", "6443", "is too broad"),
    ("100.0.0.0/8", "22", "is too broad"),
    ("198.51.100.7/32", "8080", "operators may reach 22 and 6443 only"),
    ("198.51.100.7/32", "10250", "operators may reach 22 and 6443 only"),
    ("10.0.1.0/24", "8080", "from private space only SSH and the cluster's own"),
    ("10.0.0.0/7", "2379", "is too broad"),
    ("nowhere", "22", "which is not an address range"),
    ("198.51.100.7/24", "22", "has host bits set"),
]


@pytest.mark.parametrize(("source", "port", "says"), OPEN)
def test_neither_firewall_opens_a_port_to_another_source(source: str, port: str, says: str) -> None:
    refuses(cloud_rule([source], port), CLOUD, says)
    refuses(host_rule(source, port), HOST, says)


@pytest.mark.parametrize(
    ("cloud", "host"),
    [("1-65535", "1:65535"), ("79-81", "79:81"), ("400-500", "400:500"), ("any", "any"), ("", "")],
)
def test_a_range_of_ports_that_includes_443_or_80_is_refused(cloud: str, host: str) -> None:
    refuses(cloud_rule(["198.51.100.7/32"], cloud), CLOUD, "give 80 and 443 rules of their own")
    refuses(host_rule("198.51.100.7/32", host), HOST, "give 80 and 443 rules of their own")
    refuses(cloud_rule(["10.0.1.0/24"], cloud), CLOUD, "from private space only")
    refuses(host_rule("10.0.1.0/24", host), HOST, "from private space only")


@pytest.mark.parametrize(
    ("source", "port"),
    [
        ("198.51.100.7/32", "22"),
        ("2001:db8:1::/64", "6443"),
        ("198.18.0.10/32", "22"),
        ("2001:2:0:ffff::/64", "6443"),
        ("198.51.0.0/16", "22"),
        ("10.0.1.0/24", "6443"),
        ("10.0.1.0/24", "2379-2380"),
        ("10.0.1.0/24", "10250"),
        ("192.168.7.0/24", "22"),
        ("10.42.0.0/16", None),
        ("10.43.1.0/24", None),
    ],
)
def test_operators_nodes_and_pods_have_their_ports(source: str, port: str | None) -> None:
    passes(cloud_rule([source], port))
    passes(host_rule(source, (port or "").replace("-", ":")))


def test_ping_is_for_operators_too() -> None:
    passes(cloud_rule(["198.51.100.7/32"], None, "icmp"))
    refuses(cloud_rule(["0.0.0.0/0"], None, "icmp"), CLOUD, "is too broad")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("rules",), [], "it has no rules"),
        (("rules",), ABSENT, "it has no rules"),
        (("rules",), "all", "rules is of type str, but must be a list"),
        (
            ("rules", 0, "direction"),
            "out",
            "rules[0].direction is 'out'; use 'in': one rule for outgoing traffic blocks",
        ),
        (("rules", 0, "direction"), ABSENT, "rules[0].direction is missing"),
        (("rules", 0, "sourceIps"), [], "rules[0].sourceIps is empty"),
        (("rules", 0, "sourceIps"), ABSENT, "rules[0].sourceIps is empty"),
        (("rules", 0, "protocol"), ABSENT, "rules[0].protocol is missing"),
        (("rules", 0, "port"), "22,443", "neither a port nor a range of ports"),
        (("rules", 0, "port"), "ssh", "neither a port nor a range of ports"),
    ],
)
def test_a_cloud_firewall_that_cannot_be_judged_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("Firewall", "firewall", path, value), CLOUD, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("incoming",), "allow", "ufw.incoming is 'allow'; set it to 'deny'"),
        (("incoming",), ABSENT, "ufw.incoming is missing"),
        (("routed",), "allow", "ufw.routed is 'allow'; set it to 'deny'"),
        (("outgoing",), "reject", "ufw.outgoing is 'reject'"),
        (("rules",), [], "ufw.rules is empty"),
        (
            ("rules", 0, "action"),
            "deny",
            "ufw.rules[0].action is not known here; add it to STDIN in policy/guardrails/firewalls/openings.py",
        ),
        (("rules", 0, "from"), "any", "ufw.rules[0].from is 'any'"),
        (("rules", 0, "proto"), "esp", "ufw.rules[0].proto is 'esp'"),
        (("rollbackSeconds",), 0, "ufw.rollbackSeconds is 0"),
        (("logging",), "off", "ufw.logging is not known here"),
        (("rules", 0, "port"), "1:2:3", "neither a port nor a range of ports"),
    ],
)
def test_ufw_denies_what_no_rule_allows(path: Path, value: Any, says: str) -> None:
    refuses(with_policy(path, value), HOST, says)


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        ("", "stdin is not JSON, or has a key twice"),
        ("{", "stdin is not JSON, or has a key twice"),
        ("[]", "stdin contains list, but must contain a mapping"),
        ("{}", "incoming is missing"),
        ('{"ufw": "deny"}', "ufw is of type str, but must be a mapping"),
        (ABSENT, "stdin is missing, but must be a string"),
        (7, "stdin is of type int, but must be a string"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(stdin: Any, says: str) -> None:
    refuses(with_property("Command", "node1-ufw", ("stdin",), stdin), HOST, says)


def test_two_families_of_operators_are_bounded_each() -> None:
    many = [f"2a{first:02x}::/32" for first in range(17)]
    refuses(cloud_rule(many, "22"), CLOUD, "the operators' IPv6 ranges together are more than a /28")
    passes(cloud_rule(many[:16], "22"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("rules",), "rules"),
        (("rules", 1, "sourceIps"), "rules[1].sourceIps"),
        (("rules", 3, "sourceIps", 2), "rules[3].sourceIps[2]"),
    ],
)
def test_an_unknown_cloud_rule_is_reported(path: Path, place: str) -> None:
    leaves(with_property("Firewall", "firewall", path, UNKNOWN), CLOUD, place)


def test_an_unknown_rule_does_not_hide_the_next_one() -> None:
    resources = with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), UNKNOWN)
    firewall = next(item for item in resources if item.name == "firewall")
    opened = replace(firewall, properties=put(firewall.properties, ("rules", 1, "sourceIps"), ["0.0.0.0/0"]))
    refuses([opened if item is firewall else item for item in resources], CLOUD, "rules[1].sourceIps[0]")


@pytest.mark.parametrize("key", ["stdin", "create"])
def test_an_unknown_policy_is_reported(key: str) -> None:
    resources = altered(
        "Command",
        "node1-ufw",
        lambda item: replace(item, properties={**item.properties, key: UNKNOWN}),
    )
    if key == "create":  # then nothing shows that it is this server's firewall
        resources.append(replace(next(item for item in stack() if item.name == "node1-ufw"), urn="urn:another"))
    leaves(resources, HOST, key)


PORTS = st.integers(1, 65535)
V4 = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)
)
V6 = st.builds(
    lambda address, length: IPv6Network((address, length), strict=False),
    st.integers(0, 2**128 - 1),
    st.integers(0, 128),
)


@given(network=st.one_of(V4, V6), port=st.sampled_from([22, 6443]))
def test_no_broad_part_of_the_internet_reaches_ssh_or_the_api(network: IPv4Network | IPv6Network, port: int) -> None:
    broad = network.prefixlen < (16 if network.version == 4 else 32)
    shared = any(
        network.version == space.version and network.overlaps(space)
        for space in (*snapshot(), *map(ip_network, ("::/8", "2001::/32", "2002::/16")))
    )
    private = network.is_private and any(
        network.version == space.version and network.subnet_of(space)  # type: ignore[arg-type] # versions agree
        for space in map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "fc00::/7"))
    )
    for rule, resources in ((CLOUD, cloud_rule([str(network)], str(port))), (HOST, host_rule(str(network), str(port)))):
        refused = any(item.rule == rule for item in judge(resources))
        assert refused == ((broad or shared) and not private), f"{network} reaches {port}"


@given(first=PORTS, last=PORTS)
def test_a_range_of_ports_from_public_space_is_refused_unless_it_is_one_of_the_operators(first: int, last: int) -> None:
    first, last = sorted((first, last))
    refused = any(item.rule == CLOUD for item in judge(cloud_rule(["198.51.100.7/32"], f"{first}-{last}")))
    assert refused == (not (first == last and first in (22, 6443))), f"{first}-{last}"


@given(data=st.data(), length=st.integers(0, 8))
def test_a_piece_of_a_cloudflare_range_is_cloudflares(data: st.DataObject, length: int) -> None:
    network = ip_network(data.draw(st.sampled_from(CLOUDFLARE)))
    piece = next(iter(network.subnets(prefixlen_diff=min(length, network.max_prefixlen - network.prefixlen))))
    passes(host_rule(str(piece), "443"), HOST)


@given(text=st.text(max_size=40))
def test_no_text_on_stdin_breaks_the_rule_or_passes(text: str) -> None:
    resources = with_property("Command", "node1-ufw", ("stdin",), text)
    said = [item.message for item in judge(resources) if item.rule == HOST]
    assert said, f"{text!r} passes as a policy"
    assert not any("it could not be judged" in message for message in said), f"the rule broke down: {said}"


@given(policy=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["incoming", "routed", "outgoing", "rules", "from", "port", "proto"]), inner),
    max_leaves=8,
))  # fmt: skip
def test_no_shape_of_a_policy_breaks_the_rule_or_passes(policy: Any) -> None:
    resources = with_property("Command", "node1-ufw", ("stdin",), json.dumps({"ufw": policy}))
    said = [item.message for item in judge(resources) if item.rule == HOST]
    assert said, f"{policy!r} passes as a policy"
    assert not any("it could not be judged" in message for message in said), f"the rule broke down: {said}"
