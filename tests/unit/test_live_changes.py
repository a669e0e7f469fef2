"""Changes that a running stack cannot follow are refused, each with what to do instead."""

import json
from typing import Any

import pytest

from components.deployed import Deployed
from components.digests import json_digest
from components.live_changes import live_changes
from components.settings import Settings

VERSION = "v1.34.6+k3s1"
POLICY = {"incoming": "deny", "rules": []}


def wanted(**changes: Any) -> Settings:
    """A stack file."""
    servers = [{"name": f"hetzner{number}", "privateIp": f"10.0.1.1{number}"} for number in (1, 2, 3)]
    routes = [{"name": "api", "hosts": ["api.example.com"], "service": "api", "port": 8000}]
    file = {"zone": "example.com", "servers": servers, "operators": ["9.9.9.9/32"], "routes": routes}
    return Settings.model_validate({**file, **changes})


def deployed(**changes: Any) -> Deployed:
    """The same stack, running."""
    names = [f"hetzner{number}" for number in (1, 2, 3)]
    standing: dict[str, Any] = {
        "networks": {"networkRange": "10.0.0.0/16", "subnetRange": "10.0.1.0/24"},
        "private_ips": {name: f"10.0.1.1{name[-1]}" for name in names},
        "roles": dict.fromkeys(names, "server"),
        "users": dict.fromkeys(names, "deploy"),
        "namespace": "honeydue",
        "k3s_versions": dict.fromkeys(names, VERSION),
    }
    return Deployed(**{**standing, **changes})


def problems(file: Settings, stack: Deployed) -> list[str]:
    return [str(problem) for problem in live_changes(file, stack)]


def test_an_unchanged_file_and_a_new_stack_have_no_problems() -> None:
    assert problems(wanted(), deployed()) == []
    assert problems(wanted(networkRange="10.8.0.0/16", subnetRange="10.8.1.0/24"), Deployed()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"networkRange": "10.0.0.0/15"},
            "honeydue:networkRange: '10.0.0.0/15': this stack was deployed with 10.0.0.0/16",
        ),
        (
            {"subnetRange": "10.0.0.0/22"},
            "honeydue:subnetRange: '10.0.0.0/22': this stack was deployed with 10.0.1.0/24",
        ),
        ({"user": "operator"}, "honeydue:user: 'operator': the servers were deployed with deploy"),
        ({"namespace": "other"}, "honeydue:namespace: 'other': this stack was deployed with honeydue"),
    ],
)
def test_a_key_that_must_not_change_is_named_with_its_deployed_value(changes: dict[str, Any], said: str) -> None:
    (problem,) = problems(wanted(**changes), deployed())
    assert problem.startswith(said)
    assert "Keep " in problem, "the operator must read what to do instead"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"privateIp": "10.0.1.99"},
            "honeydue:servers[1].privateIp: '10.0.1.99': hetzner2 was deployed with 10.0.1.12",
        ),
        ({"role": "agent"}, "honeydue:servers[1].role: 'agent': hetzner2 was deployed as server"),
    ],
)
def test_a_server_keeps_its_private_address_and_its_role(change: dict[str, Any], said: str) -> None:
    servers = [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in wanted().servers]
    servers[1] |= change
    (problem,) = problems(wanted(servers=servers), deployed())
    assert problem.startswith(said)
    assert "add a server with another name, then remove hetzner2" in problem


def test_a_server_that_is_added_or_removed_is_no_change_of_the_others() -> None:
    servers = [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in wanted().servers]
    more = [*servers, {"name": "worker", "privateIp": "10.0.1.21", "role": "agent"}]
    assert problems(wanted(servers=more), deployed()) == []
    assert problems(wanted(servers=servers[:1]), deployed()) == []


@pytest.mark.parametrize(
    ("running", "version", "said"),
    [
        ([VERSION], "v1.33.10+k3s1", "etcd refuses a downgrade, and this stack runs v1.34.6+k3s1. Allowed next: "),
        (
            ["v1.33.10+k3s1"],
            "v1.35.3+k3s1",
            "upgrades by one minor version at a time, and this stack runs v1.33.10+k3s1",
        ),
        (
            [VERSION, "v1.35.3+k3s1"],
            VERSION,
            "etcd refuses a downgrade, and this stack runs v1.34.6+k3s1, v1.35.3+k3s1",
        ),
    ],
)
def test_k3s_never_goes_back_and_never_skips_a_minor_version(running: list[str], version: str, said: str) -> None:
    versions = {f"hetzner{index}": release for index, release in enumerate(running, 1)}
    (problem,) = problems(wanted(k3sVersion=version), deployed(k3s_versions=versions))
    assert problem.startswith(f"honeydue:k3sVersion: '{version}': ")
    assert said in problem


@pytest.mark.parametrize("running", [["v1.34.6+k3s1"], ["v1.34.6+k3s1", "v1.35.3+k3s1"]])
def test_an_upgrade_by_one_minor_version_goes_on_after_an_interruption(running: list[str]) -> None:
    versions = {f"hetzner{index}": release for index, release in enumerate(running, 1)}
    assert problems(wanted(k3sVersion="v1.35.3+k3s1"), deployed(k3s_versions=versions)) == []


def test_an_upgrade_and_a_replacement_take_two_updates() -> None:
    file = wanted(k3sVersion="v1.35.3+k3s1", replacing="hetzner2")
    (problem,) = problems(file, deployed())
    assert problem.startswith("honeydue:replacing: 'hetzner2': a new member must run what its peers run")


@pytest.mark.parametrize("changes", [{"originPulls": {"mode": "offered"}}, {"teardown": True}])
def test_origin_pulls_may_become_offered_or_end_with_the_stack(changes: dict[str, Any]) -> None:
    assert problems(wanted(**changes), deployed()) == []


def state(**outputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A state with these commands, by name."""
    kind = "command:remote:Command"
    return {
        f"urn:pulumi:s::honeydue::honeydue:index:X${kind}::{name.replace('_', '-')}": {"type": kind, "outputs": given}
        for name, given in outputs.items()
    }


def applied(attempt: int | None) -> dict[str, Any]:
    given = {"ufw": POLICY} | ({} if attempt is None else {"attempt": attempt})
    return {"stdin": json.dumps(given)}


@pytest.mark.parametrize(
    ("commands", "attempt"),
    [
        (
            {
                "node1_ufw_apply": applied(4),
                "node1_ufw_confirm": {"stdin": json.dumps({"confirm": json_digest(POLICY)})},
            },
            4,
        ),
        ({"node1_ufw_apply": applied(4), "node1_ufw_confirm": {"stdin": json.dumps({"confirm": "0" * 16})}}, 5),
        ({"node1_ufw_apply": applied(4)}, 5),
        ({"node1_ufw_apply": applied(None)}, 2),
    ],
)
def test_rules_that_were_never_confirmed_are_applied_again(commands: dict[str, Any], attempt: int) -> None:
    assert Deployed.of(state(**commands)).attempts == {"node1": attempt}


def test_a_state_of_an_older_program_is_read_without_its_k3s_version() -> None:
    old = "# honeydue k3s join {\"version\": \"v1.34.6+k3s1\"}\nsudo python3 -c 'pass' join '{}'"
    new = f"sudo python3 /usr/local/lib/honeydue/k3s-0123456789abcdef.py join {VERSION} 0123456789abcdef"
    found = Deployed.of(state(node1_k3s={"create": old}, node2_k3s={"create": new}))
    assert found.k3s_versions == {"node2": VERSION}
