"""Hosts of routes ⊆ names in DNS ⊆ names in the certificate."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge
from guardrails.hosts import covers
from tests.policy.compliant import (
    HOSTS,
    Path,
    altered,
    ingress,
    manifest,
    put,
    resource,
    stack,
    urn,
    with_property,
)
from tests.policy.verdict import leaves, passes, refuses

RULE = "hosts-are-in-dns-and-certificate"
ORIGIN = "cloudflare:index/originCaCertificate:OriginCaCertificate"


def said(resources: list[Resource]) -> list[str]:
    """What the rule says."""
    return [item.message for item in judge(resources) if item.rule == RULE]


def certified(*hostnames: Any, resources: list[Resource] | None = None) -> list[Resource]:
    """The stack, or these resources, with a certificate for these names."""
    return [
        replace(item, properties={**item.properties, "hostnames": list(hostnames)}) if item.type == ORIGIN else item
        for item in resources or stack()
    ]


def renamed(old: str, new: str, *, route: str | None = None) -> list[Resource]:
    """The stack with a host's records under another name, and its Ingress for another host."""
    return [
        replace(item, properties={**item.properties, "name": new})
        if item.properties.get("name") == old
        else ingress("api", route, ["cloudflare-only"])
        if route and item.name == "api" and item.type.endswith(":Ingress")
        else item
        for item in stack()
    ]


@pytest.mark.parametrize(
    ("name", "host", "stands"),
    [
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "apixexample.com", False),
        ("example.com", "api.example.com", False),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "api.example.com.evil.org", False),
        ("*.example.com", "*.example.com", True),
        ("*.com", "*.example.com", False),
        ("zzexample.com", "api.example.com", False),
        ("*.example.com", "apiexample.com", False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(name: str, host: str, stands: bool) -> None:
    assert covers(name, host) == stands


def test_a_route_for_a_host_that_is_not_in_dns_is_refused() -> None:
    resources = [*stack(), ingress("more", "more.example.com", ["cloudflare-only"])]
    refuses(resources, RULE, "more.example.com is not in DNS (admin.example.com, api.example.com, new.example.com)")


def test_a_rule_of_an_ingress_route_for_a_host_that_is_not_in_dns_is_refused() -> None:
    match = "Host(`new.example.com`) || Host(`old.example.com`) && Path(`/`)"
    resources = with_property("IngressRoute", "canary", ("spec", "routes", 0, "match"), match)
    refuses(resources, RULE, "old.example.com is not in DNS")
    assert not any(message.startswith("new.") for message in said(resources)), "a host that is in DNS is refused"


def test_a_text_record_puts_no_host_into_dns() -> None:
    resources = [*stack(), ingress("bare", "example.com", ["cloudflare-only"])]
    refuses(resources, RULE, "example.com is not in DNS")


def test_a_route_for_every_host_is_another_rules_matter() -> None:
    passes(with_property("IngressRoute", "canary", ("spec", "routes", 0, "match"), "PathPrefix(`/`)"), RULE)


def test_without_any_record_every_host_is_missing() -> None:
    resources = [item for item in stack() if not item.type.endswith(":DnsRecord")]
    refuses(resources, RULE, "api.example.com is not in DNS (none)")
    assert len(said(resources)) == len(HOSTS)


@pytest.mark.parametrize("missing", HOSTS)
def test_a_name_in_dns_that_the_certificate_does_not_have_is_refused(missing: str) -> None:
    resources = certified(*(host for host in HOSTS if host != missing))
    refuses(resources, RULE, f"{missing} is in DNS but not in the origin certificate")


def test_a_name_in_dns_without_a_route_still_needs_the_certificate() -> None:
    unrouted = [item for item in certified(*HOSTS[1:]) if item.name != "admin"]
    assert said(unrouted) == [
        f"admin.example.com is in DNS but not in the origin certificate ({', '.join(HOSTS[1:])}); add it there"
    ]


def test_the_old_name_of_a_record_puts_a_host_into_dns_too() -> None:
    old = resource("cloudflare:index/record:Record", "old", {"name": "old.example.com", "type": "A"})
    refuses([*stack(), old], RULE, "old.example.com is in DNS but not in the origin certificate")


@pytest.mark.parametrize(
    "hostnames",
    [("*.example.com",), ("example.com", "*.example.com"), ("Admin.Example.com", "API.example.com", "NEW.example.com")],
)
def test_a_certificate_may_name_a_wildcard_and_knows_no_case(hostnames: tuple[str, ...]) -> None:
    passes(certified(*hostnames))


def test_a_wildcard_one_label_too_high_certifies_nothing() -> None:
    refuses(certified("*.com", "example.com"), RULE, "api.example.com is in DNS but not in the origin certificate")


def test_dns_knows_no_case() -> None:
    passes(renamed("api.example.com", "API.example.com"))
    passes(renamed("api.example.com", "api.example.com", route="Api.Example.com"), RULE)


def test_a_wildcard_in_dns_answers_for_a_route_but_the_certificate_must_have_it() -> None:
    resources = renamed("api.example.com", "*.example.com")
    passes(certified("*.example.com", resources=resources), RULE)
    refuses(resources, RULE, "*.example.com is in DNS but not in the origin certificate")


def second_certificate(*hostnames: str) -> list[Resource]:
    """The stack with a second certificate, and the routes' secret made from that one."""
    second = resource(ORIGIN, "second", {"hostnames": list(hostnames), "expiresOn": "2099-01-01T00:00:00Z"})
    resources = altered(
        "Secret", "origin-cert", lambda item: replace(item, depends={"stringData": frozenset({urn(ORIGIN, "second")})})
    )
    return [*resources, second]


def test_the_certificate_that_counts_is_the_one_in_the_routes_secret() -> None:
    refuses(
        second_certificate("admin.example.com", "api.example.com"),
        RULE,
        "new.example.com is not in the certificate that secret app/origin-cert holds; add it to its hostnames",
    )
    passes(second_certificate(*HOSTS))


def test_another_namespaces_secret_of_the_same_name_does_not_count() -> None:
    elsewhere = resource(
        "kubernetes:core/v1:Secret",
        "elsewhere",
        manifest("Secret", "other", "origin-cert"),
        depends={"stringData": frozenset({urn(ORIGIN, "second")})},
    )
    second = resource(ORIGIN, "second", {"hostnames": ["other.example.com"], "expiresOn": "2099-01-01T00:00:00Z"})
    passes([*stack(), elsewhere, second])


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("DnsRecord", "api.example.com-node1-a", ("name",), "name"),
        ("DnsRecord", "verification", ("type",), "type"),
        ("OriginCaCertificate", "origin", ("hostnames",), "hostnames"),
        ("OriginCaCertificate", "origin", ("hostnames", 1), "hostnames[1]"),
        ("Ingress", "api", ("spec", "rules", 0, "host"), "spec.rules[0].host"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "match"), "spec.routes[0].match"),
        ("Secret", "origin-cert", ("metadata", "name"), "metadata.name"),
    ],
)
def test_what_is_not_known_yet_is_left_aloud(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)


def test_while_one_name_in_dns_is_not_known_no_host_is_said_to_be_missing() -> None:
    records = [
        replace(item, properties=put(item.properties, ("name",), UNKNOWN))
        if item.properties.get("name") == "api.example.com"
        else item
        for item in stack()
    ]
    leaves(records, RULE, "name")


def test_an_unknown_certificate_does_not_hide_a_host_that_is_not_in_dns() -> None:
    resources = with_property("OriginCaCertificate", "origin", ("hostnames",), UNKNOWN)
    more = ingress("more", "more.example.com", ["cloudflare-only"])
    refuses([*resources, more], RULE, "more.example.com is not in DNS")


def test_an_unknown_record_does_not_hide_a_name_without_a_certificate() -> None:
    resources = with_property("DnsRecord", "verification", ("type",), UNKNOWN)
    refuses(certified(*HOSTS[1:], resources=resources), RULE, "admin.example.com is in DNS but not in the origin")


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "says"),
    [
        ("DnsRecord", "api.example.com-node1-a", ("name",), 7, "name is of type int where a string must stand"),
        ("OriginCaCertificate", "origin", ("hostnames",), "a.b", "hostnames is of type str where a list must stand"),
        ("OriginCaCertificate", "origin", ("hostnames", 0), 7, "hostnames[0] is of type int where a string"),
    ],
)
def test_a_name_of_the_wrong_shape_is_refused(kind: str, name: str, path: Path, value: Any, says: str) -> None:
    refuses(with_property(kind, name, path, value), RULE, says)
