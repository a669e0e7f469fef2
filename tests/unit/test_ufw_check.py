"""`ufw check`: every difference from the policy is named, and the check changes nothing."""

import json
import os
from collections.abc import Iterator

import pytest

from components.host import ufw
from tests.unit.test_ufw_reconcile import ACTIVE, ADDED, INACTIVE, PODS, RULES, SSH, policy, rule
from tests.unit.test_ufw_server import ROOT_ON_LINUX, confirmed, soon
from tests.unit.ufw_server import UfwServer


def found(added: str = ADDED, status: str = ACTIVE) -> list[tuple[str, str]]:
    return [(each["kind"], each["what"]) for each in ufw.differences(policy(), added, status)]


def test_a_firewall_that_has_the_policy_differs_in_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("added", "status", "difference"),
    [
        (ADDED + "ufw allow 8080/tcp comment 'for a moment'\n", ACTIVE, ("surplus", "allow 8080/tcp")),
        (ADDED + "ufw allow 'Nginx Full'\n", ACTIVE, ("surplus", "allow 'Nginx Full'")),
        (
            ADDED.replace("ufw allow from 10.42.0.0/16 comment 'pods'\n", ""),
            ACTIVE,
            ("missing", "allow from 10.42.0.0/16"),
        ),
        (ADDED.replace("'pods'", "'mine'"), ACTIVE, ("comment", "allow from 10.42.0.0/16")),
        (ADDED, ACTIVE.replace("deny (incoming)", "allow (incoming)"), ("default", "incoming is allow, not deny")),
        (ADDED, INACTIVE, ("inactive", "")),
    ],
)
def test_each_kind_of_change_by_hand_is_named(added: str, status: str, difference: tuple[str, str]) -> None:
    assert found(added, status) == [difference]


def test_a_rule_turned_into_a_denial_is_missing_and_surplus() -> None:
    turned = ADDED.replace("ufw allow from 203.0.113.7", "ufw deny from 203.0.113.7")
    rest = "from 203.0.113.7 to any port 22 proto tcp"
    assert found(turned) == [("missing", f"allow {rest}"), ("surplus", f"deny {rest}")]


@pytest.fixture
def server() -> Iterator[UfwServer]:
    server = UfwServer()
    yield server
    server.close()


@pytest.mark.skipif(
    not ROOT_ON_LINUX and "CI" not in os.environ, reason="a server of its own needs Linux and root (in CI: always run)"
)
def test_the_real_ufw_is_checked_without_a_change(server: UfwServer) -> None:
    wanted = soon()
    confirmed(server, wanted)
    done = server.ufw("check", {"ufw": wanted})
    assert (done.returncode, json.loads(done.stdout)) == (0, {"differences": []})
    for command in ("ufw allow 8080/tcp", "ufw delete allow from 10.42.0.0/16", "ufw default allow incoming"):
        assert server.run(*command.split()).returncode == 0, command
    before = server.observed()
    done = server.ufw("check", {"ufw": wanted})
    assert json.loads(done.stdout)["differences"] == [
        {"kind": "default", "what": "incoming is allow, not deny"},
        {"kind": "missing", "what": "allow from 10.42.0.0/16"},
        {"kind": "surplus", "what": "allow 8080/tcp"},
    ]
    assert server.observed() == before
    assert server.guards() == [], "a check armed a rollback"
    server.run("ufw", "--force", "disable")
    kinds = [each["kind"] for each in json.loads(server.ufw("check", {"ufw": wanted}).stdout)["differences"]]
    assert kinds == ["inactive", "default", "missing", "surplus"]


@pytest.mark.skipif(
    not ROOT_ON_LINUX and "CI" not in os.environ, reason="a server of its own needs Linux and root (in CI: always run)"
)
def test_rules_that_wait_for_their_confirmation_are_named(server: UfwServer) -> None:
    wanted = {**policy(SSH, PODS, rule("104.16.0.0/13")), "rollbackSeconds": 60}
    server.apply(wanted)
    assert json.loads(server.ufw("check", {"ufw": wanted}).stdout) == {
        "differences": [{"kind": "unconfirmed", "what": ""}]
    }


@pytest.mark.skipif(
    not ROOT_ON_LINUX and "CI" not in os.environ, reason="a server of its own needs Linux and root (in CI: always run)"
)
def test_an_invalid_policy_and_an_unknown_verb_are_refused(server: UfwServer) -> None:
    assert "policy refused" in server.ufw("check", {"ufw": {**policy(*RULES), "incoming": "allow"}}).stderr
    assert server.ufw("chek", {"ufw": policy()}).returncode == 1
