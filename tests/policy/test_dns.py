"""DNS records: proxied, at the ingress nodes' addresses, and nothing missing or twice."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge, unjudged
from tests.policy.compliant import (
    ABSENT,
    HOSTS,
    NODES,
    Path,
    altered,
    put,
    resource,
    stack,
    urn,
    with_property,
    without,
)
from tests.policy.verdict import leaves, passes, refuses

PROXIED = "dns-is-proxied"
NODES_ONLY = "dns-is-the-ingress-nodes"
RECORD = "api.example.com-node1-a"


def record(path: Path, value: Any, name: str = RECORD) -> list[Resource]:
    """The stack with one thing in one record changed."""
    return with_property("DnsRecord", name, path, value)


def another(type_: str = "cloudflare:index/dnsRecord:DnsRecord", **properties: Any) -> Resource:
    """One more record for a host, at an address that nothing here has."""
    known = {"name": "api.example.com", "type": "A", "content": "203.0.113.9", "proxied": True, "ttl": 1, "zoneId": "1"}
    return resource(type_, "another", {**known, **properties})


def unknown_addresses(resources: list[Resource], *keep: str) -> list[Resource]:
    """A first preview: neither the addresses of Primary IPs nor the contents of records are known."""
    hidden = {"hcloud:index/primaryIp:PrimaryIp": "ipAddress", "cloudflare:index/dnsRecord:DnsRecord": "content"}
    return [
        replace(item, properties=put(item.properties, (hidden[item.type],), UNKNOWN))
        if item.type in hidden and item.name not in keep and item.properties["type"] != "TXT"
        else item
        for item in resources
    ]


def said(resources: list[Resource]) -> list[str]:
    """What the cross-check says."""
    return [item.message for item in judge(resources) if item.rule == NODES_ONLY]


@pytest.mark.parametrize("kind", ["a", "aaaa"])
@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("proxied",), False, "proxied is False; set it to True: the server's address would be public"),
        (("proxied",), ABSENT, "proxied is missing; set it to True"),
        (("proxied",), "true", "proxied is 'true'; set it to True"),
        (("proxied",), 1, "proxied is 1; set it to True"),
        (("ttl",), 300, "ttl is 300; set it to 1: a proxied record's is automatic"),
        (("ttl",), ABSENT, "ttl is missing; set it to 1"),
    ],
)
def test_a_record_that_is_not_proxied_is_refused(kind: str, path: Path, value: Any, says: str) -> None:
    refuses(record(path, value, f"api.example.com-node1-{kind}"), PROXIED, says)


def test_both_faults_of_a_record_are_told_at_once() -> None:
    resources = [*stack(), another(proxied=False, ttl=300)]
    told = [item.message.partition(" ")[0] for item in judge(resources) if item.rule == PROXIED]
    assert told == ["proxied", "ttl"]


@pytest.mark.parametrize("kind", ["CNAME", "DNAME", "HTTPS", "NS", "SVCB"])
def test_a_record_that_hands_visitors_to_somebody_else_is_refused(kind: str) -> None:
    resources = [*stack(), another(type=kind, name="shop.example.com", content="elsewhere.example.net")]
    refuses(resources, NODES_ONLY, f"type {kind} sends visitors past the ingress nodes")


def test_a_name_that_no_visitor_asks_for_may_be_an_alias() -> None:
    passes([*stack(), another(type="CNAME", name="s1._domainkey.example.com", content="dkim.example.net")], NODES_ONLY)


@pytest.mark.parametrize("kind", ["TXT", "CAA", "MX"])
def test_a_record_that_is_no_address_need_not_be_proxied(kind: str) -> None:
    passes([*stack(), another(type=kind, content="text", proxied=False, ttl=300)])


@pytest.mark.parametrize("rule", [PROXIED, NODES_ONLY])
def test_the_old_name_of_the_resource_is_no_way_around(rule: str) -> None:
    old = another("cloudflare:index/record:Record", proxied=False)
    refuses(
        [*stack(), old], rule, {PROXIED: "proxied is False", NODES_ONLY: "point it at the ingress nodes only"}[rule]
    )


@pytest.mark.parametrize(("path", "place"), [(("proxied",), "proxied"), (("ttl",), "ttl"), (("type",), "type")])
def test_what_is_not_known_of_a_record_is_left_aloud(path: Path, place: str) -> None:
    leaves(record(path, UNKNOWN), PROXIED, place)


def test_an_unknown_ttl_does_not_hide_that_a_record_is_not_proxied() -> None:
    refuses([*stack(), another(proxied=False, ttl=UNKNOWN)], PROXIED, "proxied is False")
    refuses([*stack(), another(proxied=UNKNOWN, ttl=300)], PROXIED, "ttl is 300")


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("kind", ["a", "aaaa"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_one_node_does_not_answer_for_is_refused(host: str, kind: str, node: str) -> None:
    says = f"{host} has no {kind.upper()} record for {node}; every ingress node must answer for it"
    refuses(without("DnsRecord", f"{host}-{node}-{kind}"), NODES_ONLY, says)


def test_a_host_of_one_family_only_is_refused() -> None:
    resources = [item for item in stack() if not item.name.startswith("api.") or not item.name.endswith("-aaaa")]
    refuses(resources, NODES_ONLY, "api.example.com has no AAAA record for node1, node2, node3")


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("A", "203.0.113.9", "content '203.0.113.9' is no ipv4 Primary IP of this stack"),
        ("AAAA", "2001:db8:9::1", "content '2001:db8:9::1' is no ipv6 Primary IP"),
        ("AAAA", "192.0.2.1", "content '192.0.2.1' is no ipv6 Primary IP"),
        ("AAAA", "2001:db8:1::2", "content '2001:db8:1::2' is no ipv6 Primary IP"),
        ("AAAA", "2001:db8:1::", "content '2001:db8:1::' is no ipv6 Primary IP"),
        ("A", "node1", "'node1' is no address"),
        ("A", "", "'' is no address"),
    ],
)
def test_a_record_at_an_address_that_is_no_nodes_is_refused(kind: str, content: str, says: str) -> None:
    refuses([*stack(), another(type=kind, content=content)], NODES_ONLY, says)


def test_a_record_that_points_nowhere_is_refused() -> None:
    lost = replace(another(), properties={"name": "api.example.com", "type": "A"})
    refuses([*stack(), lost], NODES_ONLY, "content is made from 0 Primary IPs where it must be from one ipv4")


@pytest.mark.parametrize("host", ["api.example.com", "API.example.COM"])
def test_a_second_record_for_the_same_node_is_refused(host: str) -> None:
    resources = [*stack(), another(name=host, content="192.0.2.1")]
    refuses(resources, NODES_ONLY, "api.example.com has more than one A record for node1; remove the others")


def test_an_address_is_the_same_however_it_is_written() -> None:
    resources = record(("content",), "2001:DB8:0001:0:0:0:0:1", "api.example.com-node1-aaaa")
    passes(resources)
    for same in ("2001:db8:1::/64", "2001:db8:1::1"):
        passes(with_property("PrimaryIp", "node1-ipv6", ("ipAddress",), same))


def test_a_server_takes_the_first_address_of_any_network() -> None:
    resources = [
        replace(item, properties=put(item.properties, ("content",), "2001:db8:1:1::1"))
        if item.name.endswith("-node1-aaaa")
        else item
        for item in with_property("PrimaryIp", "node1-ipv6", ("ipAddress",), "2001:db8:1:1::")
    ]
    passes(resources)


def test_a_record_at_a_node_that_is_not_in_dns_is_refused() -> None:
    resources = with_property("Server", "node2", ("labels", "ingress"), "false")
    refuses(resources, NODES_ONLY, "content is the address of node2-ipv4, which no ingress node has; remove the record")
    passes([item for item in resources if "-node2-" not in item.name])


@pytest.mark.parametrize("value", ["yes", "True", True, ABSENT])
def test_a_server_that_does_not_say_whether_it_is_in_dns_is_refused(value: Any) -> None:
    resources = with_property("Server", "node2", ("labels", "ingress"), value)
    refuses(resources, NODES_ONLY, "set it to 'true' (in DNS) or 'false'")


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_an_ingress_node_without_an_address_that_outlives_it_is_refused(family: str) -> None:
    gone = urn("hcloud:index/primaryIp:PrimaryIp", f"node1-{family}")
    resources = altered(
        "Server",
        "node1",
        lambda item: replace(item, depends={**item.depends, "publicNets": item.depends["publicNets"] - {gone}}),
    )
    refuses(resources, NODES_ONLY, f"publicNets has no {family} Primary IP of this stack")


def test_at_a_first_preview_records_are_held_to_the_nodes_by_what_they_are_made_from() -> None:
    resources = unknown_addresses(stack())
    assert not said(resources), "a first preview of a good stack is refused"
    left = {item.urn for item in unjudged(resources) if item.rule == NODES_ONLY and item.path == "content"}
    assert len(left) == len(HOSTS) * len(NODES) * 2, "contents that nobody knows are passed over in silence"


@pytest.mark.parametrize("kind", ["a", "aaaa"])
def test_a_missing_record_is_missed_before_any_address_is_known(kind: str) -> None:
    resources = unknown_addresses(without("DnsRecord", f"api.example.com-node2-{kind}"))
    assert said(resources) == [
        f"api.example.com has no {kind.upper()} record for node2; every ingress node must answer for it"
    ], "it would be found only when the records are made"


@pytest.mark.parametrize(("names", "count"), [((), 0), (("node1-ipv6",), 0), (("node1-ipv4", "node2-ipv4"), 2)])
def test_unknown_content_that_is_made_from_no_one_address_is_refused(names: tuple[str, ...], count: int) -> None:
    made_from = frozenset(urn("hcloud:index/primaryIp:PrimaryIp", name) for name in names)
    resources = unknown_addresses(
        altered("DnsRecord", RECORD, lambda item: replace(item, depends={"content": made_from}))
    )
    refuses(resources, NODES_ONLY, f"content is made from {count} Primary IPs where it must be from one ipv4")


def test_content_that_is_known_and_false_is_refused_though_it_is_made_from_a_node() -> None:
    refuses(record(("content",), "203.0.113.9"), NODES_ONLY, "point it at the ingress nodes only")


def test_content_that_a_preview_leaves_out_is_left_aloud() -> None:
    leaves(record(("content",), ABSENT), NODES_ONLY, "content")


def test_known_content_of_an_address_that_is_not_known_is_left_aloud() -> None:
    resources = unknown_addresses(stack(), *(item.name for item in stack() if item.type.endswith(":DnsRecord")))
    leaves(resources, NODES_ONLY, "content")


@pytest.mark.parametrize(("key", "place"), [("type", "type"), ("name", "name")])
def test_while_a_records_host_is_not_known_none_is_said_to_be_missing(key: str, place: str) -> None:
    leaves(record((key,), UNKNOWN), NODES_ONLY, place)


@pytest.mark.parametrize(("path", "place"), [(("labels",), "labels"), (("labels", "ingress"), "labels.ingress")])
def test_a_node_that_may_or_may_not_be_in_dns_is_left_aloud(path: Path, place: str) -> None:
    resources = with_property("Server", "node2", path, UNKNOWN)
    assert not said(resources), "the node's own records are refused though it may well be in DNS"
    assert place in [item.path for item in unjudged(resources) if item.rule == NODES_ONLY]
