"""DNS records of routes' hosts: proxied, one for each ingress node and family. Other records pass."""

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

RULE = "dns-is-the-ingress-nodes"
RECORD = "api.example.com-node1-a"


def record(path: Path, value: Any, name: str = RECORD) -> list[Resource]:
    """The stack with one thing in one record changed."""
    return with_property("DnsRecord", name, path, value)


def another(type_: str = "cloudflare:index/dnsRecord:DnsRecord", **properties: Any) -> Resource:
    """One more record for a host, at an address outside the stack."""
    known = {"name": "api.example.com", "type": "A", "content": "203.0.113.9", "proxied": True, "ttl": 1, "zoneId": "1"}
    return resource(type_, "another", {**known, **properties})


def unknown_addresses(resources: list[Resource], *keep: str) -> list[Resource]:
    """A first preview, where the addresses of Primary IPs and the contents of records are unknown."""
    hidden = {"hcloud:index/primaryIp:PrimaryIp": "ipAddress", "cloudflare:index/dnsRecord:DnsRecord": "content"}
    return [
        replace(item, properties=put(item.properties, (hidden[item.type],), UNKNOWN))
        if item.type in hidden and item.name not in keep and item.properties["type"] != "TXT"
        else item
        for item in resources
    ]


def said(resources: list[Resource]) -> list[str]:
    """The messages of the rule."""
    return [item.message for item in judge(resources) if item.rule == RULE]


@pytest.mark.parametrize("kind", ["a", "aaaa"])
@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("proxied",), False, "proxied is False; set it to True: the server's address would be public"),
        (("proxied",), ABSENT, "proxied is missing; set it to True"),
        (("proxied",), "true", "proxied is 'true'; set it to True"),
        (("proxied",), 1, "proxied is 1; set it to True"),
        (("ttl",), 300, "ttl is 300; set it to 1: a proxied record has an automatic TTL"),
        (("ttl",), ABSENT, "ttl is missing; set it to 1"),
    ],
)
def test_a_record_that_is_not_proxied_is_refused(kind: str, path: Path, value: Any, says: str) -> None:
    refuses(record(path, value, f"api.example.com-node1-{kind}"), RULE, says)


def test_both_faults_of_a_record_are_reported_at_once() -> None:
    resources = [*stack(), another(proxied=False, ttl=300)]
    reported = [item.message.partition(" ")[0] for item in judge(resources) if item.rule == RULE]
    assert reported[:2] == ["proxied", "ttl"]


@pytest.mark.parametrize("kind", ["CNAME", "DNAME", "HTTPS", "NS", "SVCB"])
def test_an_alias_of_a_routes_host_is_refused(kind: str) -> None:
    resources = [*stack(), another(type=kind, content="elsewhere.example.net")]
    refuses(resources, RULE, f"type {kind} sends the visitors of a route past the ingress nodes")


def test_an_alias_of_another_name_passes() -> None:
    passes([*stack(), another(type="CNAME", name="s1._domainkey.example.com", content="dkim.example.net")], RULE)


@pytest.mark.parametrize("kind", ["TXT", "CAA", "MX"])
def test_other_kinds_of_records_need_not_be_proxied(kind: str) -> None:
    passes([*stack(), another(type=kind, content="text", proxied=False, ttl=300)])


def test_the_old_name_of_the_resource_is_refused() -> None:
    old = another("cloudflare:index/record:Record", proxied=False)
    refuses([*stack(), old], "every-type-is-known", "type cloudflare:index/record:Record is not known here")


@pytest.mark.parametrize("kind", ["NS", "DNAME"])
def test_a_delegation_of_a_parent_of_a_routes_host_is_refused(kind: str) -> None:
    passes([*stack(), another(type=kind, name="other.example.com", content="ns.example.net")])
    resources = [*stack(), another(type=kind, name="example.com", content="ns.example.net")]
    refuses(resources, RULE, "sends the visitors of a route past the ingress nodes")


@pytest.mark.parametrize("name", ["api", "@", ""])
def test_a_short_name_is_refused_because_it_may_be_a_routes_host(name: str) -> None:
    refuses([*stack(), another(name=name)], RULE, "write the full name")


@pytest.mark.parametrize("content", ["192.0.2.1", UNKNOWN])
def test_a_record_of_another_system_must_not_show_a_servers_address(content: Any) -> None:
    shown = another(name="direct.example.com", content=content, proxied=False)
    made_from = frozenset({urn("hcloud:index/primaryIp:PrimaryIp", "node1-ipv4")})
    if content is UNKNOWN:
        shown = replace(shown, depends={"content": made_from})
    refuses([*stack(), shown], RULE, "the record shows the address of a server of this stack; set proxied=True")
    passes([*stack(), replace(shown, properties={**shown.properties, "proxied": True})])


def test_unknown_content_of_another_system_is_reported() -> None:
    leaves([*stack(), another(name="other.example.com", content=UNKNOWN, proxied=False)], RULE, "content")


def test_a_trailing_dot_and_upper_case_do_not_hide_a_host() -> None:
    refuses([*stack(), another(name="API.example.com.", content="8.8.8.8")], RULE, "point it at the ingress nodes only")


@pytest.mark.parametrize(("path", "place"), [(("proxied",), "proxied"), (("ttl",), "ttl"), (("type",), "type")])
def test_an_unknown_value_of_a_record_is_reported(path: Path, place: str) -> None:
    leaves(record(path, UNKNOWN), RULE, place)


def test_an_unknown_ttl_does_not_hide_that_a_record_is_not_proxied() -> None:
    refuses([*stack(), another(proxied=False, ttl=UNKNOWN)], RULE, "proxied is False")
    refuses([*stack(), another(proxied=UNKNOWN, ttl=300)], RULE, "ttl is 300")


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("kind", ["a", "aaaa"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_without_a_record_for_a_node_is_refused(host: str, kind: str, node: str) -> None:
    says = f"{host} has no {kind.upper()} record for {node}; every ingress node must answer for it"
    refuses(without("DnsRecord", f"{host}-{node}-{kind}"), RULE, says)


def test_a_host_of_one_family_only_is_refused() -> None:
    resources = [item for item in stack() if not item.name.startswith("api.") or not item.name.endswith("-aaaa")]
    refuses(resources, RULE, "api.example.com has no AAAA record for node1, node2, node3")


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("A", "203.0.113.9", "content '203.0.113.9' is not an ipv4 Primary IP of this stack"),
        ("AAAA", "2001:db8:9::1", "content '2001:db8:9::1' is not an ipv6 Primary IP"),
        ("AAAA", "192.0.2.1", "content '192.0.2.1' is not an ipv6 Primary IP"),
        ("AAAA", "2001:db8:1::2", "content '2001:db8:1::2' is not an ipv6 Primary IP"),
        ("AAAA", "2001:db8:1::", "content '2001:db8:1::' is not an ipv6 Primary IP"),
        ("A", "node1", "'node1' is not an address"),
        ("A", "", "'' is not an address"),
    ],
)
def test_a_record_with_another_address_is_refused(kind: str, content: str, says: str) -> None:
    refuses([*stack(), another(type=kind, content=content)], RULE, says)


def test_a_record_without_content_is_refused() -> None:
    lost = replace(another(), properties={"name": "api.example.com", "type": "A"})
    refuses([*stack(), lost], RULE, "content comes from 0 Primary IPs; it must come from one ipv4")


@pytest.mark.parametrize("host", ["api.example.com", "API.example.COM"])
def test_a_second_record_for_the_same_node_is_refused(host: str) -> None:
    resources = [*stack(), another(name=host, content="192.0.2.1")]
    refuses(resources, RULE, "api.example.com has more than one A record for node1; remove the others")


def test_the_spelling_of_an_address_does_not_matter() -> None:
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
    refuses(resources, RULE, "content is the address of node2-ipv4, which no ingress node has; remove the record")
    passes([item for item in resources if "-node2-" not in item.name])


@pytest.mark.parametrize("value", ["yes", "True", True, ABSENT])
def test_a_server_without_the_label_ingress_is_refused(value: Any) -> None:
    resources = with_property("Server", "node2", ("labels", "ingress"), value)
    refuses(resources, RULE, "use 'true' or 'false': whether DNS points to the server")


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_an_ingress_node_without_an_address_that_outlives_it_is_refused(family: str) -> None:
    gone = urn("hcloud:index/primaryIp:PrimaryIp", f"node1-{family}")
    resources = altered(
        "Server",
        "node1",
        lambda item: replace(item, depends={**item.depends, "publicNets": item.depends["publicNets"] - {gone}}),
    )
    refuses(resources, RULE, f"publicNets has no {family} Primary IP of this stack")


def test_a_first_preview_compares_the_dependencies_of_records() -> None:
    resources = unknown_addresses(stack())
    assert not said(resources), "a first preview of a good stack is refused"
    left = {item.urn for item in unjudged(resources) if item.rule == RULE and item.path == "content"}
    assert len(left) == len(HOSTS) * len(NODES) * 2, "unknown contents are not reported"


@pytest.mark.parametrize("kind", ["a", "aaaa"])
def test_a_missing_record_is_reported_before_any_address_is_known(kind: str) -> None:
    resources = unknown_addresses(without("DnsRecord", f"api.example.com-node2-{kind}"))
    assert said(resources) == [
        f"api.example.com has no {kind.upper()} record for node2; every ingress node must answer for it"
    ], "it would be found only after the records are created"


@pytest.mark.parametrize(("names", "count"), [((), 0), (("node1-ipv6",), 0), (("node1-ipv4", "node2-ipv4"), 2)])
def test_unknown_content_that_does_not_come_from_one_address_is_refused(names: tuple[str, ...], count: int) -> None:
    made_from = frozenset(urn("hcloud:index/primaryIp:PrimaryIp", name) for name in names)
    resources = unknown_addresses(
        altered("DnsRecord", RECORD, lambda item: replace(item, depends={"content": made_from}))
    )
    refuses(resources, RULE, f"content comes from {count} Primary IPs; it must come from one ipv4")


def test_known_content_counts_more_than_its_dependencies() -> None:
    refuses(record(("content",), "203.0.113.9"), RULE, "point it at the ingress nodes only")


def test_missing_content_of_a_preview_is_reported() -> None:
    leaves(record(("content",), ABSENT), RULE, "content")


def test_known_content_with_unknown_addresses_is_reported() -> None:
    resources = unknown_addresses(stack(), *(item.name for item in stack() if item.type.endswith(":DnsRecord")))
    leaves(resources, RULE, "content")


@pytest.mark.parametrize(("key", "place"), [("type", "type"), ("name", "name")])
def test_an_unknown_name_of_a_record_is_reported_and_no_record_is_missing(key: str, place: str) -> None:
    leaves(record((key,), UNKNOWN), RULE, place)


@pytest.mark.parametrize(("path", "place"), [(("labels",), "labels"), (("labels", "ingress"), "labels.ingress")])
def test_an_unknown_label_ingress_is_reported(path: Path, place: str) -> None:
    resources = with_property("Server", "node2", path, UNKNOWN)
    assert not said(resources), "the node's records are refused although it may be an ingress node"
    assert place in [item.path for item in unjudged(resources) if item.rule == RULE]
