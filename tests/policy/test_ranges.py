"""Both firewalls, Traefik and the allow list have the same ranges, and these are Cloudflare's."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from guardrails import UNKNOWN, Resource, judge
from tests.policy.compliant import (
    ABSENT,
    CLOUDFLARE,
    Path,
    chart_values,
    manifest,
    put,
    resource,
    stack,
    ufw_policy,
    with_policy,
    with_property,
    with_value,
)
from tests.policy.verdict import leaves, passes, refuses

RULE = "one-list-of-ranges"
TRUSTED = ("ports", "websecure", "forwardedHeaders", "trustedIPs")
SOURCES = ("spec", "ipAllowList", "sourceRange")
GONE, LEFT = CLOUDFLARE[0], CLOUDFLARE[1:]
NEW = "8.8.8.0/24"
"""A public range that is not Cloudflare's."""


def cloud(ports: tuple[int, ...], ranges: list[str]) -> list[Resource]:
    """The stack with the sources of some rules of Hetzner's firewall changed; the third is 80, the fourth 443."""
    resources = stack()
    for index in ports:
        resources = [
            replace(item, properties=put(item.properties, ("rules", index, "sourceIps"), ranges))
            if item.name == "firewall"
            else item
            for item in resources
        ]
    return resources


def host(port: str, ranges: list[str]) -> list[Resource]:
    """The stack with other sources for one port of node1."""
    rest = [rule for rule in ufw_policy()["rules"] if rule["port"] != port]
    return with_policy(
        ("rules",), [*rest, *({"from": source, "port": port, "proto": "tcp", "comment": ""} for source in ranges)]
    )


def everywhere(ranges: list[str]) -> list[Resource]:
    """The stack with the same other list everywhere."""
    rest = [rule for rule in ufw_policy()["rules"] if rule["port"] not in ("80", "443")]
    web = [{"from": source, "port": port, "proto": "tcp", "comment": ""} for port in ("80", "443") for source in ranges]
    values = yaml.safe_dump(put(chart_values(), TRUSTED, ranges))
    changes: dict[str, tuple[tuple[Path, Any], ...]] = {
        "firewall": ((("rules", 2, "sourceIps"), ranges), (("rules", 3, "sourceIps"), ranges)),
        "traefik": ((("spec", "valuesContent"), values),),
        "cloudflare-only": ((SOURCES, ranges),),
    }
    resources = []
    for item in stack():
        properties: Any = item.properties
        for path, value in changes.get(item.name, ()) if not item.type.endswith(":DaemonSet") else ():
            properties = put(properties, path, value)
        if item.name.endswith("-ufw"):
            [text] = {
                one.properties["stdin"] for one in with_policy(("rules",), [*rest, *web]) if one.name == "node1-ufw"
            }
            properties = {**properties, "stdin": text}
        resources.append(replace(item, properties=properties))
    return resources


def said(resources: list[Resource]) -> list[tuple[str, str]]:
    """The resources that the rule refuses, and the reasons."""
    return [
        (item.urn.rpartition(":")[2], item.message.partition(", unlike")[0])
        for item in judge(resources)
        if item.rule == RULE
    ]


ONE_SHORT: dict[str, tuple[list[Resource], str, str]] = {
    "80 of the cloud firewall": (cloud((2,), LEFT), "firewall", "port 80"),
    "443 of the cloud firewall": (cloud((3,), LEFT), "firewall", "port 443"),
    "80 of a host": (host("80", LEFT), "node1-ufw", "port 80"),
    "443 of a host": (host("443", LEFT), "node1-ufw", "port 443"),
    "what Traefik believes": (with_value(TRUSTED, LEFT), "traefik", "websecure's trustedIPs"),
    "what Traefik believes on 80": (
        with_value(("ports", "web", "forwardedHeaders"), {"trustedIPs": LEFT}),
        "traefik",
        "web's trustedIPs",
    ),
    "the allow list": (with_property("Middleware", "cloudflare-only", SOURCES, LEFT), "cloudflare-only", "sourceRange"),
}


@pytest.mark.parametrize("where", ONE_SHORT)
def test_a_range_that_one_place_lacks_is_refused_there_only(where: str) -> None:
    resources, name, what = ONE_SHORT[where]
    assert said(resources) == [(name, f"{what} lacks {GONE}")]


def test_a_range_that_only_one_place_has_is_refused() -> None:
    resources = with_property("Middleware", "cloudflare-only", SOURCES, [*CLOUDFLARE, NEW])
    assert said(resources) == [("cloudflare-only", f"sourceRange has {NEW}")]
    refuses(resources, RULE, "unlike the other places; give both firewalls (443 and 80), Traefik's trusted IPs")


def test_a_replaced_range_is_reported_with_the_former_one() -> None:
    assert said(with_value(TRUSTED, [*LEFT, NEW])) == [
        ("traefik", f"websecure's trustedIPs has {NEW} and lacks {GONE}")
    ]


@pytest.mark.parametrize("value", [[], ABSENT])
def test_an_empty_allow_list_is_refused(value: Any) -> None:
    refuses(with_property("Middleware", "cloudflare-only", SOURCES, value), RULE, f"sourceRange lacks {GONE}")


@pytest.mark.parametrize("ports", [(2,), (3,), (2, 3)])
def test_a_port_without_sources_is_refused(ports: tuple[int, ...]) -> None:
    refuses(cloud(ports, []), RULE, f"port {80 if ports[0] == 2 else 443} lacks {GONE}")


@pytest.mark.parametrize("value", [[], ABSENT])
def test_an_empty_list_of_trusted_ips_is_another_list(value: Any) -> None:
    assert said(with_value(TRUSTED, value)) == [("traefik", f"websecure's trustedIPs lacks {', '.join(CLOUDFLARE)}")]


def test_other_commands_and_charts_are_not_compared() -> None:
    config = manifest("HelmChartConfig", "kube-system", "other", spec={"valuesContent": "{}"})
    more = [
        resource("command:remote:Command", "other", {"create": "true", "stdin": "text"}),
        resource("kubernetes:helm.cattle.io/v1:HelmChartConfig", "other", config),
    ]
    passes([*stack(), *more], RULE)


def test_order_and_repetition_do_not_matter() -> None:
    passes(with_value(TRUSTED, [*reversed(CLOUDFLARE), GONE]), RULE)


def test_private_sources_are_not_part_of_the_list() -> None:
    assert not said(cloud((2,), [*CLOUDFLARE, "10.0.1.0/24"])), "private sources are not Cloudflare's"


@pytest.mark.parametrize("ranges", [[*LEFT, NEW], [GONE, NEW]])
def test_a_new_list_everywhere_passes_if_half_of_it_is_known(ranges: list[str]) -> None:
    passes(everywhere(ranges), RULE)


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ([], "only 0 of the 0 ranges in force are in the snapshot"),
        ([NEW], "only 0 of the 1 ranges in force are in the snapshot"),
        ([GONE, NEW, "9.9.9.0/24"], "only 1 of the 3 ranges in force are in the snapshot"),
        (["0.0.0.0/0", "::/0"], "only 0 of the 2 ranges in force are in the snapshot"),
    ],
)
def test_a_list_everywhere_that_is_not_cloudflares_is_refused(ranges: list[str], says: str) -> None:
    refuses(everywhere(ranges), RULE, says)


def test_an_allow_list_of_another_name_is_not_compared() -> None:
    spec = {"ipAllowList": {"sourceRange": ["198.51.100.7/32"]}}
    office = resource(
        "kubernetes:traefik.io/v1alpha1:Middleware", "office", manifest("Middleware", "app", "office", spec=spec)
    )
    passes([*stack(), office])


@pytest.mark.parametrize("namespace", ["app", "other"])
def test_an_allow_list_of_that_name_counts_in_every_namespace(namespace: str) -> None:
    spec = {"ipAllowList": {"sourceRange": LEFT}}
    body = manifest("Middleware", namespace, "cloudflare-only", spec=spec)
    second = resource("kubernetes:traefik.io/v1alpha1:Middleware", "second", body)
    assert said([*stack(), second]) == [("second", f"sourceRange lacks {GONE}")]


@pytest.mark.parametrize("strategy", [{"depth": 1}, {"excludedIPs": ["127.0.0.1"]}, {}])
def test_an_allow_list_that_trusts_a_header_is_refused(strategy: dict[str, Any]) -> None:
    resources = with_property("Middleware", "cloudflare-only", ("spec", "ipAllowList", "ipStrategy"), strategy)
    refuses(resources, "middlewares-are-known", "spec.ipAllowList.ipStrategy is not known here")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("everybody", "sourceRange[0] is 'everybody', which is not an address range"),
        ("173.245.48.1/20", "has host bits set"),
        (7, "sourceRange[0] is of type int, but must be a string"),
    ],
)
def test_ranges_that_cannot_be_compared_are_refused(value: Any, says: str) -> None:
    refuses(with_property("Middleware", "cloudflare-only", (*SOURCES, 0), value), RULE, says)


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("Firewall", "firewall", ("rules", 3, "sourceIps"), "rules[3].sourceIps"),
        ("Firewall", "firewall", ("rules", 3, "port"), "rules[3].port"),
        ("Command", "node1-ufw", ("stdin",), "stdin"),
        ("HelmChartConfig", "traefik", ("spec", "valuesContent"), "spec.valuesContent"),
        ("Middleware", "cloudflare-only", (*SOURCES, 4), "spec.ipAllowList.sourceRange[4]"),
        ("Middleware", "rate-limit", ("metadata", "name"), "metadata.name"),
    ],
)
def test_an_unknown_list_is_reported(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)


def test_an_unknown_list_does_not_hide_the_others() -> None:
    resources = with_property("HelmChartConfig", "traefik", ("spec", "valuesContent"), UNKNOWN)
    short = [
        replace(item, properties=put(item.properties, SOURCES, LEFT)) if item.name == "cloudflare-only" else item
        for item in resources
    ]
    assert said(short) == [("cloudflare-only", f"sourceRange lacks {GONE}")]


def test_a_stack_without_any_list_passes() -> None:
    passes([item for item in stack() if item.type.startswith("cloudflare:")], RULE)
