"""The reconciler against the real UFW, on a server that is a namespace: what it prints, takes, rolls back and keeps."""

import os
import platform
from collections.abc import Iterator
from typing import Any

import pytest

from components.host import ufw
from tests.unit.test_ufw_reconcile import HTTPS4, HTTPS6, PODS, RULES, SSH, VXLAN, policy, rule
from tests.unit.ufw_server import UfwServer

FEW = [HTTPS4, HTTPS6, SSH, PODS]
ROOT_ON_LINUX = platform.system() == "Linux" and os.geteuid() == 0

pytestmark = pytest.mark.skipif(
    not ROOT_ON_LINUX and "CI" not in os.environ, reason="a server of its own takes Linux and root (in CI: always run)"
)


@pytest.fixture
def server() -> Iterator[UfwServer]:
    server = UfwServer()
    yield server
    server.close()


def soon(*rules: dict[str, str]) -> dict[str, Any]:
    """A policy whose rollback does not keep a test waiting."""
    return {**policy(*(rules or FEW)), "rollbackSeconds": 2}


def confirmed(server: UfwServer, wanted: dict[str, Any]) -> None:
    """Apply and confirm, as an update that went well."""
    server.apply(wanted)
    done = server.ufw("confirm", {"confirm": ufw.digest(wanted)})
    assert done.returncode == 0, done.stderr


def test_ufw_prints_every_kind_of_rule_as_the_reconciler_spells_it(server: UfwServer) -> None:
    kinds = [
        *RULES,
        rule("203.0.113.9", "53", "", "port without protocol"),
        rule("203.0.113.10/32", "", "tcp", "protocol without port"),
        rule("2606:4700:0:0::/32", "80", "tcp", "spelled out"),
        rule("2001:db8::5/128", "22", "tcp", "a, b: (c/d) #e"),
        rule("2001:db8:0:1:0:0:0:0/64", "8000:8080", "udp", "range over udp"),
    ]
    first = server.apply(policy(*kinds))
    assert first["commands"] == len(kinds) + 2, "the defaults for incoming, and the switch"
    added, _ = server.observed()
    assert dict(ufw.parse(added)) == dict(ufw.canonical(item) for item in kinds)
    again = server.apply(policy(*kinds))
    assert again["commands"] == 0, "a second run must not touch a live firewall"
    assert "-P INPUT DROP" in server.run("iptables", "-S").stdout
    assert "-P INPUT DROP" in server.run("ip6tables", "-S").stdout, "IPv6 would be a way round"


def test_a_run_without_a_change_arms_nothing_and_is_confirmed(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()
    assert server.apply(soon()) == {"digest": ufw.digest(soon()), "commands": 0, "rollbackSeconds": 0}
    assert server.ufw("confirm", {"confirm": ufw.digest(soon())}).returncode == 0
    server.wait_until_unguarded(5)
    assert server.observed() == before


def test_foreign_rules_and_changed_comments_are_fixed_on_a_live_firewall(server: UfwServer) -> None:
    confirmed(server, soon())
    for command in (
        "ufw allow 8080/tcp",
        "ufw limit 2222/tcp comment slow",
        "ufw deny from 1.2.3.4",
        "ufw reject out 25",
        "ufw allow in on eth0 from 10.0.0.0/8",
        "ufw route allow in on eth0 out on eth1 comment rt",
        "ufw allow from 10.42.0.0/16 comment hand-made",
        "ufw deny from 203.0.113.7 to any port 22 proto tcp",
        "ufw default allow incoming",
    ):
        assert server.run(*command.split()).returncode == 0, command
    confirmed(server, soon())
    added, status = server.observed()
    assert dict(ufw.parse(added)) == dict(ufw.canonical(item) for item in FEW)
    assert "Default: deny (incoming)" in status


def test_unconfirmed_rules_are_reverted_automatically(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    locked_out = soon(HTTPS4, HTTPS6, {**SSH, "from": "198.51.100.9/32"}, PODS)
    assert server.apply(locked_out)["rollbackSeconds"] == 2
    assert "198.51.100.9" in server.observed()[0]
    server.wait_for_rules(before, 15)
    server.wait_until_unguarded(5)


def test_a_confirmation_keeps_the_new_rules(server: UfwServer) -> None:
    confirmed(server, soon())
    wanted = soon(HTTPS4, SSH)
    confirmed(server, wanted)
    server.wait_until_unguarded(10)
    assert dict(ufw.parse(server.observed()[0])) == dict(ufw.canonical(item) for item in (HTTPS4, SSH))


def test_an_unconfirmed_first_run_is_reverted(server: UfwServer) -> None:
    server.run("ufw", "deny", "from", "1.2.3.4")
    server.run("ufw", "allow", "22/tcp")
    before = server.observed()
    server.apply(soon())
    server.wait_for_rules(before[0], 15)
    server.wait_until_unguarded(5)
    assert server.observed() == before == (before[0], "Status: inactive\n")


def test_the_order_of_denials_is_restored(server: UfwServer) -> None:
    server.run("ufw", "allow", "from", "10.42.0.0/16")
    server.run("ufw", "deny", "from", "10.42.3.0/24", "to", "any", "port", "80", "proto", "tcp")
    server.run("ufw", "prepend", "deny", "from", "10.42.0.0/24", "comment", "first")
    server.run("ufw", "deny", "from", "2001:db8::/64")
    server.run("ufw", "limit", "22/tcp")
    before = server.observed()[0]
    server.apply(soon())
    server.wait_for_rules(before, 15)
    server.wait_until_unguarded(5)
    assert server.observed()[0] == before, "the first rule that matches decides"


def test_a_late_confirmation_fails_and_never_applies_rules_again(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    wanted = soon(HTTPS4, SSH)
    server.apply(wanted)
    server.wait_for_rules(before, 15)
    server.wait_until_unguarded(5)
    for _ in range(2):
        late = server.ufw("confirm", {"confirm": ufw.digest(wanted)})
        assert late.returncode == 1
        assert "not confirmed in time, so this host has its former rules again" in late.stderr
        assert "honeydue:operators" in late.stderr
        assert len(late.stderr.strip().splitlines()) == 1
        assert server.observed()[0] == before, "rules that locked the operator out came back"
    server.apply(wanted)
    assert server.ufw("confirm", {"confirm": ufw.digest(wanted)}).returncode == 0, "the next attempt must get through"
    assert dict(ufw.parse(server.observed()[0])) == dict(ufw.canonical(item) for item in (HTTPS4, SSH))


@pytest.mark.parametrize("client", ["198.18.0.10", "2001:2::10"])
def test_rules_that_would_lock_out_the_current_client_are_refused_before_any_change(
    server: UfwServer, client: str
) -> None:
    confirmed(server, soon())
    before = server.observed()
    done = server.ufw("apply", {"ufw": soon(HTTPS4, SSH)}, client)
    assert done.returncode == 1
    assert done.stderr == (
        f"ufw: refusing rules that would lock out {client}, the address that you connect from: "
        "add it to honeydue:operators\n"
    )
    assert server.observed() == before
    server.wait_until_unguarded(5)
    own = rule(f"{client}/{32 if '.' in client else 128}", port="22")
    assert server.ufw("apply", {"ufw": soon(HTTPS4, own)}, client).returncode == 0


def test_a_late_confirmation_names_the_clients_address(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    wanted = soon(HTTPS4, SSH)
    server.apply(wanted)
    server.wait_for_rules(before, 15)
    late = server.ufw("confirm", {"confirm": ufw.digest(wanted)}, "198.18.0.10")
    assert "check that honeydue:operators lists 198.18.0.10, then run pulumi up again" in late.stderr


def test_a_confirmation_of_other_rules_disarms_nothing(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    server.apply(soon(HTTPS4))
    wrong = server.ufw("confirm", {"confirm": "0123456789abcdef"})
    assert wrong.returncode == 1
    assert "not 0123456789abcdef: run pulumi up again" in wrong.stderr
    server.wait_for_rules(before, 15)


def test_a_second_change_supersedes_the_first_and_reverts_to_the_confirmed_rules(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    server.apply({**soon(HTTPS4, PODS), "rollbackSeconds": 600})
    server.apply(soon(HTTPS4, VXLAN))
    server.wait_for_rules(before, 15)
    server.wait_until_unguarded(5)


def test_a_reboot_does_not_confirm_the_rules(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()[0]
    unconfirmed = {**soon(HTTPS4), "rollbackSeconds": 600}
    server.apply(unconfirmed)
    server.reboot()
    again = server.apply({**unconfirmed, "rollbackSeconds": 2})
    assert again["rollbackSeconds"] == 2, "nothing is to be done, but nobody has confirmed it yet either"
    server.wait_for_rules(before, 15)


def test_an_invalid_policy_changes_nothing_and_is_reported_in_one_line(server: UfwServer) -> None:
    confirmed(server, soon())
    before = server.observed()
    done = server.ufw("apply", {"ufw": soon(*FEW, rule("0.0.0.0/0"))})
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "narrower than /0" in done.stderr
    assert server.observed() == before
    server.wait_until_unguarded(5)


def test_a_command_that_ufw_refuses_halfway_leaves_the_former_rules(server: UfwServer) -> None:
    confirmed(server, soon(HTTPS4, SSH))
    before = server.observed()
    server.use_ipv6("no")
    done = server.ufw("apply", {"ufw": soon()})
    assert done.returncode == 1
    assert "the rules that were last confirmed are restored" in done.stderr
    server.use_ipv6("yes")
    assert server.observed() == before
