"""TLS at the origin: the certificate covers the hosts of routes, and the zone's settings are in force."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge
from guardrails.certificates import covers
from tests.policy.compliant import (
    ABSENT,
    HOSTS,
    Path,
    altered,
    ingress,
    manifest,
    resource,
    stack,
    urn,
    with_property,
    without,
)
from tests.policy.verdict import leaves, passes, refuses

RULE = "origin-tls-is-complete"
STRICT = "tls-is-strict"
ORIGIN = "cloudflare:index/originCaCertificate:OriginCaCertificate"


def said(resources: list[Resource]) -> list[str]:
    """The messages of the rule."""
    return [item.message for item in judge(resources) if item.rule == RULE]


def certified(*hostnames: Any, resources: list[Resource] | None = None) -> list[Resource]:
    """The stack, or these resources, with a certificate for these names."""
    return [
        replace(item, properties={**item.properties, "hostnames": list(hostnames)}) if item.type == ORIGIN else item
        for item in resources or stack()
    ]


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "apixexample.com", False),
        ("example.com", "api.example.com", False),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "api.example.com.evil.org", False),
        ("*.com", "api.example.com", False),
        ("zzexample.com", "api.example.com", False),
        ("*.example.com", "apiexample.com", False),
    ],
)
def test_a_wildcard_covers_exactly_one_label(name: str, host: str, covered: bool) -> None:
    assert covers({name}, host) == covered


@pytest.mark.parametrize("missing", HOSTS)
def test_a_host_that_the_certificate_does_not_cover_is_refused(missing: str) -> None:
    found = said(certified(*(host for host in HOSTS if host != missing)))
    why = "is not in the origin certificate of Secret cloudflare-origin-cert; add it to the certificate's hosts"
    assert found == [f"{missing} {why}"]


def test_a_host_of_a_second_rule_is_checked_too() -> None:
    match = "Host(`new.example.com`) || Host(`old.example.com`) && Path(`/`)"
    resources = with_property("IngressRoute", "canary", ("spec", "routes", 0, "match"), match)
    assert [message.partition(" ")[0] for message in said(resources)] == ["old.example.com"]


@pytest.mark.parametrize(
    "hostnames",
    [("*.example.com",), ("example.com", "*.example.com"), ("Admin.Example.com", "API.example.com", "NEW.example.com")],
)
def test_a_certificate_may_have_a_wildcard_and_ignores_case(hostnames: tuple[str, ...]) -> None:
    passes(certified(*hostnames))


def test_a_wildcard_one_label_too_high_covers_nothing() -> None:
    assert len(said(certified("*.com", "example.com"))) == len(HOSTS)


def second_certificate(*hostnames: str) -> list[Resource]:
    """The stack with a second certificate, which the Secret of the routes contains."""
    second = resource(ORIGIN, "second", {"hostnames": list(hostnames), "expiresOn": "2099-01-01T00:00:00Z"})
    resources = altered(
        "Secret",
        "cloudflare-origin-cert",
        lambda item: replace(item, depends={"stringData": frozenset({urn(ORIGIN, "second")})}),
    )
    return [*resources, second]


def test_the_certificate_in_the_secret_of_the_routes_counts() -> None:
    refuses(second_certificate("admin.example.com", "api.example.com"), RULE, "new.example.com is not in the origin")
    passes(second_certificate(*HOSTS))


def test_a_secret_without_an_origin_certificate_covers_no_host() -> None:
    resources = altered("Secret", "cloudflare-origin-cert", lambda item: replace(item, depends={}))
    assert len(said(resources)) == len(HOSTS)


def test_a_secret_of_the_same_name_in_another_namespace_does_not_count() -> None:
    elsewhere = resource(
        "kubernetes:core/v1:Secret",
        "elsewhere",
        manifest("Secret", "other", "cloudflare-origin-cert"),
        depends={"stringData": frozenset({urn(ORIGIN, "second")})},
    )
    second = resource(ORIGIN, "second", {"hostnames": ["other.example.com"], "expiresOn": "2099-01-01T00:00:00Z"})
    passes([*stack(), elsewhere, second])


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("OriginCaCertificate", "origin", ("hostnames",), "hostnames"),
        ("OriginCaCertificate", "origin", ("hostnames", 1), "hostnames[1]"),
        ("Ingress", "api", ("spec", "rules", 0, "host"), "spec.rules[0].host"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "match"), "spec.routes[0].match"),
        ("Secret", "cloudflare-origin-cert", ("metadata", "name"), "metadata.name"),
        ("Server", "node1", ("labels", "teardown"), "labels.teardown"),
        ("ZoneSetting", "ssl", ("settingId",), "settingId"),
        ("AuthenticatedOriginPullsSettings", "pulls", ("enabled",), "enabled"),
        ("TLSOption", "default", ("spec", "clientAuth"), "spec.clientAuth"),
        ("TLSOption", "default", ("metadata", "name"), "metadata.name"),
    ],
)
def test_an_unknown_value_is_reported(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("hostnames",), "a.b", "hostnames is of type str, but must be a list"),
        (("hostnames", 0), 7, "hostnames[0] is of type int, but must be a string"),
    ],
)
def test_a_name_of_the_wrong_type_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("OriginCaCertificate", "origin", path, value), RULE, says)


@pytest.mark.parametrize("name", ["ssl", "min_tls_version", "always_use_https"])
def test_a_missing_zone_setting_is_refused(name: str) -> None:
    refuses(without("ZoneSetting", name), RULE, f"the zone's setting {name} is not set by this stack; register it")


def test_missing_default_tls_options_are_refused() -> None:
    refuses(without("TLSOption", "default"), RULE, "0 TLSOptions are named default")


def test_origin_pulls_may_be_offered_without_being_required() -> None:
    offered = with_property("TLSOption", "default", ("spec", "clientAuth"), ABSENT)
    passes([item for item in offered if item.name != "origin-pulls-ca"])


def test_a_stack_without_servers_needs_no_zone() -> None:
    passes([item for item in stack() if item.type.startswith(("tls:", "random:"))], RULE)


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "says"),
    [
        ("PrivateKey", "origin-key", ("algorithm",), "RSA", "algorithm is 'RSA'; use 'ED25519' or 'ECDSA'"),
        ("PrivateKey", "origin-key", ("ecdsaCurve",), "P224", "ecdsaCurve is 'P224'"),
        ("SelfSignedCert", "ca", ("allowedUses",), ["server_auth"], "allowedUses[0] is 'server_auth'"),
        ("SelfSignedCert", "ca", ("earlyRenewalHours",), 0, "earlyRenewalHours is 0"),
        ("SelfSignedCert", "ca", ("validityPeriodHours",), ABSENT, "validityPeriodHours is missing"),
        ("RandomPassword", "token", ("length",), 8, "length is 8; it must be a number from 32"),
        ("OriginCaCertificate", "origin", ("hostnames",), [], "hostnames is empty"),
        ("AuthenticatedOriginPullsSettings", "pulls", ("more",), True, "more is not known here"),
    ],
)
def test_a_weak_key_or_a_certificate_with_another_purpose_is_refused(
    kind: str, name: str, path: Path, value: Any, says: str
) -> None:
    refuses(with_property(kind, name, path, value), STRICT, says)


def test_a_plain_host_may_be_added_with_its_certificate() -> None:
    more = ingress("api", "more.example.com", ["cloudflare-only"])
    resources = certified(*HOSTS, "more.example.com", resources=[*stack(), replace(more, name="more", urn="urn:more")])
    passes(resources, RULE)
