"""Servers and their addresses: protected, behind both firewalls, and an odd number of control planes."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge, unjudged
from tests.policy.compliant import ABSENT, NODES, Path, altered, call, put, resource, stack, with_property, without
from tests.policy.verdict import leaves, passes, refuses

KNOWN = "servers-are-known"
STACK = "servers-survive-one-mistake"


def servers(*names: str, protect: bool | None = None, **labels: Any) -> list[Resource]:
    """The stack with another protection or other labels of these servers; ABSENT removes a label."""
    changed = []
    for item in stack():
        one = item
        if item.type == "hcloud:index/server:Server" and item.name in names:
            one = replace(item, protect=item.protect if protect is None else protect)
            for key, value in labels.items():
                if value is not ABSENT or key in one.properties["labels"]:
                    one = replace(one, properties=put(one.properties, ("labels", key), value))
        changed.append(one)
    return changed


def made_from(kind: str, name: str, **depends: frozenset[str]) -> list[Resource]:
    """The stack with other dependencies of one resource."""
    return altered(kind, name, lambda item: replace(item, depends={**item.depends, **depends}))


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        (True, "autoDelete is True; set it to False: the address must outlive its server"),
        (ABSENT, "autoDelete is missing; set it to False"),
        ("false", "autoDelete is 'false'; set it to False"),
        (0, "autoDelete is 0; set it to False"),
    ],
)
def test_an_address_that_is_deleted_with_its_server_is_refused(family: str, value: Any, says: str) -> None:
    refuses(with_property("PrimaryIp", f"node1-{family}", ("autoDelete",), value), KNOWN, says)


def bare_address(**labels: Any) -> list[Resource]:
    """The stack with one address that is not protected."""
    return altered(
        "PrimaryIp",
        "node1-ipv4",
        lambda item: replace(item, protect=False, properties={**item.properties, "labels": labels}),
    )


@pytest.mark.parametrize("labels", [{}, {"teardown": "false"}, {"teardown": "yes"}, {"teardown": True}])
def test_an_address_that_is_not_protected_is_refused(labels: dict[str, Any]) -> None:
    refuses(bare_address(**labels), KNOWN, "it is not protected, so an edit could delete the address")


def test_an_address_may_be_unprotected_during_a_teardown() -> None:
    passes(bare_address(teardown="true"))


def test_an_unknown_teardown_of_an_address_is_reported() -> None:
    leaves(bare_address(teardown=UNKNOWN), KNOWN, "labels.teardown")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "firewallIds is empty, so the whole internet could reach the server"),
        (ABSENT, "firewallIds is empty"),
        (1, "firewallIds is of type int, but must be a list"),
    ],
)
def test_a_server_without_a_cloud_firewall_is_refused(value: Any, says: str) -> None:
    refuses(with_property("Server", "node2", ("firewallIds",), value), KNOWN, says)


def test_that_a_firewall_is_attached_is_known_before_its_id_is() -> None:
    resources = with_property("Server", "node2", ("firewallIds",), [UNKNOWN])
    passes(resources)
    reported = [item.path for item in unjudged(resources) if item.rule in (KNOWN, STACK)]
    assert not reported, "every first preview would report the firewalls of all servers"


def test_an_unknown_list_of_firewalls_is_reported() -> None:
    leaves(with_property("Server", "node2", ("firewallIds",), UNKNOWN), KNOWN, "firewallIds")


UFW = call("ufw", "apply")


def test_a_server_without_a_ufw_policy_is_refused() -> None:
    refuses(without("Command", "node3-ufw"), STACK, "no command applies a UFW policy to it")
    [reported] = [item.urn for item in judge(without("Command", "node3-ufw")) if item.rule == STACK]
    assert reported.endswith("::node3"), "another server is named"


def test_a_ufw_command_guards_only_the_server_that_triggers_it() -> None:
    refuses(made_from("Command", "node3-ufw", triggers=frozenset()), STACK, "no command applies a UFW policy")


@pytest.mark.parametrize("create", ["true", f"# {UFW}", f"{UFW} again", UFW.replace("apply", "confirm")])
def test_a_command_that_applies_no_policy_guards_no_server(create: str) -> None:
    resources = with_property("Command", "node3-ufw", ("create",), create)
    refuses(resources, STACK, "no command applies a UFW policy to it")


@pytest.mark.parametrize(
    "urns",
    [
        frozenset[str](),
        frozenset({"urn:pulumi:other::honeydue::hcloud:index/firewall:Firewall::foreign"}),
        frozenset({next(item.urn for item in stack() if item.name == "node1-ipv4")}),
    ],
)
def test_a_firewall_that_is_not_the_stacks_own_is_refused(urns: frozenset[str]) -> None:
    refuses(made_from("Server", "node1", firewallIds=urns), STACK, "has no firewall of this stack")


def test_a_dependency_of_another_property_attaches_no_firewall() -> None:
    firewall = next(item.urn for item in stack() if item.name == "firewall")
    resources = made_from("Server", "node1", firewallIds=frozenset(), userData=frozenset({firewall}))
    refuses(resources, STACK, "has no firewall of this stack")


@pytest.mark.parametrize("names", [(), *((node,) for node in NODES)])
def test_one_server_may_lose_its_protection_to_be_replaced(names: tuple[str, ...]) -> None:
    passes(servers(*names, protect=False))


@pytest.mark.parametrize("names", [NODES[:2], NODES[1:], NODES])
def test_two_servers_without_protection_are_refused(names: tuple[str, ...]) -> None:
    resources = servers(*names, protect=False)
    refuses(resources, STACK, f"{', '.join(names)} are not protected; only the server being replaced")
    reported = {item.urn.rpartition(":")[2] for item in judge(resources) if item.rule == STACK}
    assert reported == set(names), "the engine would show the refusal at other servers"


def test_all_servers_may_be_unprotected_during_a_teardown() -> None:
    passes([replace(item, protect=False) if item.name in NODES else item for item in servers(*NODES, teardown="true")])


@pytest.mark.parametrize("value", ["false", "True", True, ABSENT])
def test_a_teardown_of_some_servers_only_is_refused(value: Any) -> None:
    resources = servers(*NODES, protect=False, teardown="true")
    [last] = [item for item in servers("node3", protect=False, teardown=value) if item.name == "node3"]
    refuses([last if item.urn == last.urn else item for item in resources], STACK, "are not protected")


def test_an_unknown_teardown_is_reported() -> None:
    leaves(servers(*NODES, protect=False, teardown=UNKNOWN), STACK, "labels.teardown")
    leaves(servers("node1", teardown=UNKNOWN), STACK, "labels.teardown")


def test_an_unknown_label_does_not_hide_the_other_servers() -> None:
    resources = servers("node1", "node2", protect=False)
    [first] = [item for item in servers("node3", teardown=UNKNOWN) if item.name == "node3"]
    resources = [first if item.urn == first.urn else item for item in resources]
    refuses(resources, STACK, "node1, node2 are not protected")


@pytest.mark.parametrize(("agents", "planes"), [(("node1",), 2), (NODES, 0)])
def test_an_even_number_of_control_planes_is_refused(agents: tuple[str, ...], planes: int) -> None:
    refuses(servers(*agents, role="agent"), STACK, f"{planes} servers have the role server; use an odd number")


def test_a_fourth_control_plane_is_refused_and_a_fourth_agent_is_not() -> None:
    fourth = next(item for item in stack() if item.name == "node3" and item.type.endswith(":Server"))
    fourth = replace(fourth, name="node4", urn=fourth.urn.replace("node3", "node4"))
    refuses([*stack(), fourth], STACK, "4 servers have the role server")
    agent = replace(fourth, properties=put(fourth.properties, ("labels", "role"), "agent"))
    guard = next(item for item in stack() if item.name == "node3-ufw")
    guard = replace(guard, name="node4-ufw", urn="urn:node4-ufw", depends={"triggers": frozenset({agent.urn})})
    passes([*stack(), agent, guard], STACK)


@pytest.mark.parametrize("agents", [(), ("node2", "node3")])
def test_an_odd_number_of_control_planes_passes(agents: tuple[str, ...]) -> None:
    passes(servers(*agents, role="agent"))


@pytest.mark.parametrize("value", ["Server", "control-plane", "", True, ABSENT])
def test_a_server_without_a_known_role_is_refused(value: Any) -> None:
    resources = servers("node1", role=value)
    refuses(resources, STACK, "use 'server' or 'agent'")
    assert not any("odd number" in item.message for item in judge(resources)), "counted, with one server not counted"


@pytest.mark.parametrize(("path", "place"), [(("labels",), "labels"), (("labels", "role"), "labels.role")])
def test_an_unknown_role_is_reported_and_nothing_is_counted(path: Path, place: str) -> None:
    resources = with_property("Server", "node1", path, UNKNOWN)
    reported = [item.path for item in unjudged(resources) if item.rule == STACK]
    assert set(reported) == {place}, "an unknown role is not reported"
    passes(resources, STACK)


def test_a_stack_without_servers_passes() -> None:
    rest = [item for item in stack() if item.type != "hcloud:index/server:Server"]
    passes(rest, STACK)


def test_a_label_of_the_wrong_shape_is_refused() -> None:
    resources = with_property("Server", "node1", ("labels",), "role=server")
    refuses(resources, STACK, "labels is of type str, but must be a mapping")
    refuses(resources, STACK, "labels is of type str, but must be a mapping")


def test_a_resource_of_another_kind_is_no_server() -> None:
    passes([*stack(), resource("hcloud:index/network:Network", "more", {"ipRange": "10.0.0.0/16", "labels": {}})])


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "says"),
    [
        ("Network", "network", ("ipRange",), "8.8.0.0/16", "ipRange is 8.8.0.0/16, which is not private"),
        ("NetworkSubnet", "subnet", ("type",), "vswitch", "type is 'vswitch'; use 'cloud'"),
        ("ServerNetwork", "node1-private", ("ip",), "203.0.113.1", "which is not private"),
        ("PlacementGroup", "spread", ("type",), "x", "type is 'x'; use 'spread'"),
        ("SshKey", "ssh", ("publicKey",), "ssh-rsa AAAA", "it must be an ed25519 key"),
        ("Server", "node1", ("sshKeys",), [], "sshKeys is empty, so Hetzner would create a root password"),
        ("Server", "node1", ("rescue",), "linux64", "rescue is 'linux64'"),
    ],
)
def test_a_broken_field_at_hetzner_is_refused(kind: str, name: str, path: Path, value: Any, says: str) -> None:
    refuses(with_property(kind, name, path, value), KNOWN, says)
