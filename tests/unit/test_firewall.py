"""The one list of rules, and its two renderings."""

import random
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest

from components.cloudflare_ranges import snapshot
from components.digests import json_digest
from components.firewall import Network, Rule, node_rules, ufw_policy
from components.hetzner_firewall import hetzner_rules
from components.host import ufw

SUBNET = IPv4Network("10.0.1.0/24")
PODS = IPv4Network("10.42.0.0/16")
SERVICES = IPv4Network("10.43.0.0/16")
OPERATORS: tuple[Network, ...] = (IPv4Network("198.18.0.10/32"), IPv6Network("2001:2:0:ffff::/64"))


def rules(operators: tuple[Network, ...] = OPERATORS) -> tuple[Rule, ...]:
    return node_rules(snapshot(), operators, SUBNET, PODS, SERVICES)


def sources(port: str, proto: str = "tcp") -> set[Network]:
    return {rule.source for rule in rules() if (rule.port, rule.proto) == (port, proto)}


@pytest.mark.parametrize("port", ["443", "80"])
def test_the_firewall_opens_web_ports_to_cloudflare_and_nobody_else(port: str) -> None:
    assert sources(port) == set(snapshot().all), f"{port} from elsewhere goes round Cloudflare"


def test_the_firewall_keeps_ssh_to_operators() -> None:
    assert sources("22") == set(OPERATORS), "SSH from elsewhere is an open door"


def test_the_firewall_keeps_the_kubernetes_api_to_operators_and_nodes() -> None:
    assert sources("6443") == {*OPERATORS, SUBNET}


def test_the_firewall_keeps_cluster_ports_between_nodes() -> None:
    assert sources("2379:2380") == sources("10250") == sources("8472", "udp") == {SUBNET}


def test_pods_and_services_reach_their_node_on_any_port() -> None:
    assert sources("", "") == {PODS, SERVICES}


def test_nothing_else_is_open() -> None:
    assert {rule.port for rule in rules()} == {"", "22", "80", "443", "2379:2380", "6443", "8472", "10250"}


def test_no_source_and_port_stand_twice_even_if_an_operator_names_the_subnet() -> None:
    doubled = rules((*OPERATORS, SUBNET))
    keys = [(rule.source, rule.port, rule.proto) for rule in doubled]
    assert len(keys) == len(set(keys)), "UFW holds one rule for each, so the list would never settle"


def test_the_rules_do_not_depend_on_the_order_of_their_sources() -> None:
    assert rules(OPERATORS[::-1]) == rules()
    shuffled = list(rules())
    random.Random(7).shuffle(shuffled)
    assert ufw_policy(shuffled) == ufw_policy(rules())
    assert hetzner_rules(shuffled) == hetzner_rules(rules())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": ip_network("0.0.0.0/0")}, "is the whole internet"),
        ({"source": ip_network("::/0")}, "is the whole internet"),
        ({"port": "0"}, "port is '0'"),
        ({"port": "65536"}, "port is '65536'"),
        ({"port": "http"}, "port is 'http'"),
        ({"port": "2380:2379"}, "a rising range"),
        ({"port": "1:2:3"}, "port is '1:2:3'"),
        ({"port": ":5"}, "port is ':5'"),
        ({"port": "2379:2380", "proto": ""}, "with a protocol"),
        ({"proto": "icmp"}, "protocol is 'icmp'"),
        ({"comment": ""}, "comment is ''"),
        ({"comment": "it's"}, "without quotes"),
        ({"comment": "é"}, "1 to 60 letters"),
        ({"comment": "x" * 61}, "1 to 60 letters"),
    ],
)
def test_a_rule_that_ufw_could_not_take_as_it_stands_is_refused(changes: dict[str, Any], said: str) -> None:
    fields: dict[str, Any] = {"source": SUBNET, "port": "443", "proto": "tcp", "comment": "https"} | changes
    with pytest.raises(ValueError, match=r".") as caught:
        Rule(**fields)
    assert said in str(caught.value)


def test_the_hosts_policy_denies_by_default_and_rolls_back_by_itself() -> None:
    policy = ufw_policy(rules())
    assert (policy["incoming"], policy["routed"], policy["outgoing"]) == ("deny", "deny", "allow")
    assert policy["rollbackSeconds"] > 0
    assert {"from": "173.245.48.0/20", "port": "443", "proto": "tcp", "comment": "https from Cloudflare"} in policy[
        "rules"
    ]
    assert {"from": "10.42.0.0/16", "port": "", "proto": "", "comment": "pods"} in policy["rules"]


def test_the_host_accepts_the_policy_and_computes_the_same_digest() -> None:
    policy = ufw_policy(rules())
    ufw.check(policy)
    assert ufw.digest(policy) == json_digest(policy), "a confirmation for another digest never disarms the rollback"


def test_another_rule_is_another_digest() -> None:
    assert json_digest(ufw_policy(rules())) != json_digest(ufw_policy(rules(OPERATORS[:1])))


def test_hetzners_firewall_has_one_rule_for_each_public_port() -> None:
    rendered = {rule["port"]: rule for rule in hetzner_rules(rules())}
    assert set(rendered) == {"22", "80", "443", "6443"}
    assert {(rule["direction"], rule["protocol"]) for rule in rendered.values()} == {("in", "tcp")}
    assert rendered["443"]["source_ips"] == sorted(snapshot().cidrs)
    assert rendered["443"]["description"] == "443/tcp https from Cloudflare"
    assert rendered["6443"]["source_ips"] == ["198.18.0.10/32", "2001:2:0:ffff::/64"], (
        "the private subnet is not filtered there"
    )


def test_each_rule_of_hetzners_firewall_has_a_stable_place() -> None:
    """The provider shows rules in the order of their descriptions, and sources in the order of their text."""
    more = (*OPERATORS, IPv4Network("9.9.9.9/32"))
    before, after = hetzner_rules(rules()), hetzner_rules(rules(more))
    for rendered in (before, after):
        descriptions = [rule["description"] for rule in rendered]
        assert descriptions == sorted(set(descriptions))
        assert all(rule["source_ips"] == sorted(rule["source_ips"]) for rule in rendered)
    changed = {old["port"] for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {"22", "6443"}
    assert [rule["port"] for rule in before] == [rule["port"] for rule in after], "a preview would show changed ports"


def test_hetzners_firewall_writes_a_port_range_with_a_dash() -> None:
    (rule,) = hetzner_rules([Rule(IPv4Network("203.0.113.0/24"), "8000:8080", "tcp", "test")])
    assert rule["port"] == "8000-8080"


def test_hetzners_firewall_never_opens_all_ports_to_a_public_source() -> None:
    with pytest.raises(ValueError, match="no port or protocol"):
        hetzner_rules([Rule(IPv4Network("203.0.113.0/24"), "", "", "test")])


def test_more_sources_than_hetzner_takes_in_one_rule_become_two() -> None:
    many = [Rule(ip_network(f"198.51.{index}.0/24"), "443", "tcp", "test") for index in range(101)]
    rendered = hetzner_rules(many)
    assert [len(rule["source_ips"]) for rule in rendered] == [100, 1]
