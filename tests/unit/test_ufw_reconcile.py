"""From rules, and what UFW says of itself, to exact commands."""

import json
from typing import Any

import pytest

from components.host import ufw

Policy = dict[str, Any]
Command = list[str]


def rule(source: str, port: str = "443", proto: str = "tcp", comment: str = "https from Cloudflare") -> dict[str, str]:
    return {"from": source, "port": port, "proto": proto, "comment": comment}


HTTPS4 = rule("173.245.48.0/20")
HTTPS6 = rule("2400:cb00::/32")
SSH = rule("203.0.113.7/32", "22", comment="ssh from operators")
ETCD = rule("10.0.1.0/24", "2379:2380", comment="etcd between nodes")
VXLAN = rule("10.0.1.0/24", "8472", "udp", "pod network between nodes")
PODS = rule("10.42.0.0/16", "", "", "pods")
RULES = [HTTPS4, HTTPS6, SSH, ETCD, VXLAN, PODS]

ADDED = """Added user rules (see 'ufw status' for running firewall):
ufw allow from 173.245.48.0/20 to any port 443 proto tcp comment 'https from Cloudflare'
ufw allow from 203.0.113.7 to any port 22 proto tcp comment 'ssh from operators'
ufw allow from 10.0.1.0/24 to any port 2379:2380 proto tcp comment 'etcd between nodes'
ufw allow from 10.0.1.0/24 to any port 8472 proto udp comment 'pod network between nodes'
ufw allow from 10.42.0.0/16 comment 'pods'
ufw allow from 2400:cb00::/32 to any port 443 proto tcp comment 'https from Cloudflare'
"""
NONE = "Added user rules (see 'ufw status' for running firewall):\n(None)\n"
ACTIVE = """Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), deny (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
443/tcp                    ALLOW IN    173.245.48.0/20            # https from Cloudflare
22/tcp (v6)                ALLOW IN    Anywhere (v6)
"""
INACTIVE = "Status: inactive\n"


def policy(*rules: dict[str, str]) -> Policy:
    return {
        "incoming": "deny",
        "outgoing": "allow",
        "routed": "deny",
        "rollbackSeconds": 90,
        "rules": list(rules or RULES),
    }


def commands(wanted: Policy, added: str = ADDED, status: str = ACTIVE) -> list[str]:
    """The commands as an operator would type them."""
    return [" ".join(command) for command in ufw.reconcile(wanted, added, status)]


def test_the_first_run_sets_defaults_then_adds_rules_then_enables() -> None:
    assert commands(policy(), NONE, INACTIVE) == [
        "ufw default deny incoming",
        "ufw default allow outgoing",
        "ufw default deny routed",
        "ufw allow from 173.245.48.0/20 to any port 443 proto tcp comment https from Cloudflare",
        "ufw allow from 2400:cb00::/32 to any port 443 proto tcp comment https from Cloudflare",
        "ufw allow from 203.0.113.7 to any port 22 proto tcp comment ssh from operators",
        "ufw allow from 10.0.1.0/24 to any port 2379:2380 proto tcp comment etcd between nodes",
        "ufw allow from 10.0.1.0/24 to any port 8472 proto udp comment pod network between nodes",
        "ufw allow from 10.42.0.0/16 comment pods",
        "ufw --force enable",
    ]


def test_a_comment_is_always_one_argument() -> None:
    comment = ["comment", "https from Cloudflare"]
    assert ufw.reconcile(policy(HTTPS4), NONE, ACTIVE) == [
        ["ufw", "allow", "from", "173.245.48.0/20", "to", "any", "port", "443", "proto", "tcp", *comment]
    ]


def test_no_change_needs_no_command() -> None:
    assert commands(policy()) == [], "a run without a change must not touch a live firewall"


def test_a_foreign_rule_is_deleted() -> None:
    foreign = ADDED + "ufw allow 8080/tcp comment 'for a moment'\n"
    assert commands(policy(), foreign) == ["ufw --force delete allow 8080/tcp"]


def test_foreign_rules_of_every_kind_are_spelled_as_ufw_spells_them() -> None:
    foreign = ADDED + (
        "ufw limit 2222/tcp\n"
        "ufw deny from 1.2.3.4\n"
        "ufw reject out 25\n"
        "ufw allow 'Nginx Full'\n"
        "ufw allow in on eth0 from 10.0.0.0/8\n"
        "ufw route allow in on eth0 out on eth1 comment 'rt'\n"
    )
    assert ufw.reconcile(policy(), foreign, ACTIVE) == [
        ["ufw", "--force", "delete", "limit", "2222/tcp"],
        ["ufw", "--force", "delete", "deny", "from", "1.2.3.4"],
        ["ufw", "--force", "delete", "reject", "out", "25"],
        ["ufw", "--force", "delete", "allow", "Nginx Full"],
        ["ufw", "--force", "delete", "allow", "in", "on", "eth0", "from", "10.0.0.0/8"],
        ["ufw", "--force", "route", "delete", "allow", "in", "on", "eth0", "out", "on", "eth1"],
    ]


def test_an_added_range_adds_one_rule() -> None:
    assert commands(policy(*RULES, rule("104.16.0.0/13"))) == [
        "ufw allow from 104.16.0.0/13 to any port 443 proto tcp comment https from Cloudflare"
    ]


def test_a_removed_range_deletes_one_rule() -> None:
    assert commands(policy(*RULES[1:])) == ["ufw --force delete allow from 173.245.48.0/20 to any port 443 proto tcp"]


def test_a_new_operator_is_allowed_before_the_old_one_is_removed() -> None:
    other = {**SSH, "from": "198.51.100.9/32"}
    assert commands(policy(HTTPS4, HTTPS6, other, ETCD, VXLAN, PODS)) == [
        "ufw allow from 198.51.100.9 to any port 22 proto tcp comment ssh from operators",
        "ufw --force delete allow from 203.0.113.7 to any port 22 proto tcp",
    ]


def test_a_comment_changed_by_hand_is_fixed_without_closing_the_port() -> None:
    assert commands(policy(), ADDED.replace("'pods'", "'my pods'")) == ["ufw allow from 10.42.0.0/16 comment pods"]


def test_a_comment_removed_by_hand_is_restored() -> None:
    assert commands(policy(), ADDED.replace(" comment 'pods'", "")) == ["ufw allow from 10.42.0.0/16 comment pods"]


def test_a_rule_turned_into_a_denial_by_hand_allows_again() -> None:
    turned = ADDED.replace("ufw allow from 203.0.113.7", "ufw deny from 203.0.113.7")
    assert commands(policy(), turned)[0].startswith("ufw allow from 203.0.113.7 to any port 22")


def test_a_default_changed_by_hand_is_restored() -> None:
    assert commands(policy(), status=ACTIVE.replace("deny (incoming)", "allow (incoming)")) == [
        "ufw default deny incoming"
    ]


def test_a_firewall_switched_off_by_hand_is_switched_on_last() -> None:
    assert commands(policy(), status=INACTIVE)[-1] == "ufw --force enable"


def test_the_firewall_is_never_reset() -> None:
    everything = commands(policy(), NONE, INACTIVE) + commands(policy(HTTPS4))
    assert not [command for command in everything if "reset" in command or "reload" in command], (
        "a reset flushes the rules of the cluster's network on a live node"
    )


def test_ipv6_and_single_addresses_are_spelled_as_ufw_prints_them() -> None:
    assert ufw.canonical(rule("2606:4700:0:0::/32"))[0][2] == "2606:4700::/32"
    assert ufw.canonical(rule("2001:db8::5/128"))[0][2] == "2001:db8::5"
    assert ufw.canonical(rule("203.0.113.7"))[0][2] == "203.0.113.7"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"incoming": "allow"}, "incoming is allow"),
        ({"routed": "allow"}, "routed is allow"),
        ({"outgoing": "perhaps"}, "outgoing is perhaps"),
        ({"rollbackSeconds": 0}, "rollbackSeconds is 0"),
        ({"rollbackSeconds": "90"}, "rollbackSeconds is 90"),
        ({"rollbackSeconds": True}, "rollbackSeconds is True"),
        ({"rules": []}, "at least one rule"),
        ({"rules": "all"}, "rules, a list"),
        ({"rules": ["allow 22"]}, "rule refused: allow 22"),
        ({"rules": [HTTPS4, HTTPS4]}, "no source and port twice"),
        ({"rules": [rule("0.0.0.0/0")]}, "narrower than /0"),
        ({"rules": [rule("::/0")]}, "narrower than /0"),
        ({"rules": [rule("any")]}, "rule refused"),
        ({"rules": [rule("10.0.1.5/24")]}, "host bits"),
        ({"rules": [rule("10.0.1.0/24", "70000")]}, "ports to 65535"),
        ({"rules": [rule("10.0.1.0/24", "http")]}, "rule refused"),
        ({"rules": [rule("10.0.1.0/24", "9:8")]}, "rising ranges"),
        ({"rules": [rule("10.0.1.0/24", "8:9", "")]}, "rising ranges"),
        ({"rules": [rule("10.0.1.0/24", "9", "icmp")]}, "rule refused"),
        ({"rules": [rule("10.0.1.0/24", comment="it's")]}, "rule refused"),
        ({"rules": [rule("10.0.1.0/24", comment="a\nufw allow 22")]}, "rule refused"),
        ({"rules": [{**HTTPS4, "to": "10.0.0.1"}]}, "rule refused"),
        ({"rules": [{"from": "10.0.1.0/24"}]}, "rule refused"),
        ({"rules": [{**HTTPS4, "port": 443}]}, "rule refused"),
        ({"extra": 1}, "policy refused"),
    ],
)
def test_an_invalid_policy_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises((ufw.UfwError, ValueError), match=r".") as caught:
        ufw.check({**policy(), **changes})
    assert said in str(caught.value)


def test_the_digest_depends_on_the_meaning_and_not_on_the_spelling() -> None:
    reordered = json.loads(json.dumps(policy(), sort_keys=True, indent=3))
    assert ufw.digest(reordered) == ufw.digest(policy())
