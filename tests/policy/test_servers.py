"""Servers and their addresses: kept, behind both firewalls, and in a number that can vote."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge, unjudged
from tests.policy.compliant import ABSENT, NODES, Path, altered, put, resource, stack, with_property, without
from tests.policy.verdict import leaves, passes, refuses

ADDRESSES = "addresses-outlive-servers"
ATTACHED = "servers-have-a-cloud-firewall"
BEHIND = "servers-are-behind-both-firewalls"
ONE_GOES = "one-server-goes-at-a-time"
ODD = "control-planes-are-odd"


def servers(*names: str, protect: bool | None = None, **labels: Any) -> list[Resource]:
    """The stack with the protection or the labels of these servers changed; a label that is ABSENT goes."""
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
    """The stack with what one resource's properties were made from changed."""
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
def test_an_address_that_goes_with_its_server_is_refused(family: str, value: Any, says: str) -> None:
    refuses(with_property("PrimaryIp", f"node1-{family}", ("autoDelete",), value), ADDRESSES, says)


def bare_address(**labels: Any) -> list[Resource]:
    """The stack with one address that is not protected."""
    return altered(
        "PrimaryIp",
        "node1-ipv4",
        lambda item: replace(item, protect=False, properties={**item.properties, "labels": labels}),
    )


@pytest.mark.parametrize("labels", [{}, {"teardown": "false"}, {"teardown": "yes"}, {"teardown": True}])
def test_an_address_that_is_not_protected_is_refused(labels: dict[str, Any]) -> None:
    refuses(bare_address(**labels), ADDRESSES, "it is not protected, so an edit could delete the address")


def test_an_address_may_go_where_the_stack_file_says_that_all_is_to_go() -> None:
    passes(bare_address(teardown="true"))


def test_an_address_that_may_or_may_not_be_meant_to_go_is_left_aloud() -> None:
    leaves(bare_address(teardown=UNKNOWN), ADDRESSES, "labels.teardown")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "firewallIds is empty, so the whole internet could reach the server"),
        (ABSENT, "firewallIds is empty"),
        (1, "firewallIds is of type int where a list must stand"),
    ],
)
def test_a_server_without_a_cloud_firewall_is_refused(value: Any, says: str) -> None:
    refuses(with_property("Server", "node2", ("firewallIds",), value), ATTACHED, says)


def test_that_a_firewall_is_attached_is_known_before_its_id_is() -> None:
    resources = with_property("Server", "node2", ("firewallIds",), [UNKNOWN])
    passes(resources)
    told = [item.path for item in unjudged(resources) if item.rule in (ATTACHED, BEHIND)]
    assert not told, "every first preview would speak of every server's firewall"


def test_a_list_of_firewalls_that_is_not_known_yet_is_left_aloud() -> None:
    leaves(with_property("Server", "node2", ("firewallIds",), UNKNOWN), ATTACHED, "firewallIds")


UFW = "sudo python3 /usr/local/lib/honeydue/ufw-0123456789abcdef.py apply"


def test_a_server_whose_ufw_nobody_sets_is_refused() -> None:
    refuses(without("Command", "node3-ufw"), BEHIND, "no command applies a UFW policy to it")
    [told] = [item.urn for item in judge(without("Command", "node3-ufw")) if item.rule == BEHIND]
    assert told.endswith("::node3"), "the wrong server is named"


def test_a_ufw_command_guards_only_the_server_that_triggers_it() -> None:
    refuses(made_from("Command", "node3-ufw", triggers=frozenset()), BEHIND, "no command applies a UFW policy")


@pytest.mark.parametrize("create", ["true", f"# {UFW}", f"{UFW} again", UFW.replace("apply", "confirm")])
def test_a_command_that_applies_no_policy_guards_nobody(create: str) -> None:
    resources = with_property("Command", "node3-ufw", ("create",), create)
    refuses(resources, BEHIND, "no command applies a UFW policy to it")


@pytest.mark.parametrize(
    "urns",
    [
        frozenset[str](),
        frozenset({"urn:pulumi:other::honeydue::hcloud:index/firewall:Firewall::foreign"}),
        frozenset({next(item.urn for item in stack() if item.name == "node1-ipv4")}),
    ],
)
def test_a_firewall_that_is_not_the_stacks_own_is_refused(urns: frozenset[str]) -> None:
    refuses(made_from("Server", "node1", firewallIds=urns), BEHIND, "has no firewall of this stack")


def test_a_dependency_of_another_property_attaches_no_firewall() -> None:
    firewall = next(item.urn for item in stack() if item.name == "firewall")
    resources = made_from("Server", "node1", firewallIds=frozenset(), userData=frozenset({firewall}))
    refuses(resources, BEHIND, "has no firewall of this stack")


@pytest.mark.parametrize("names", [(), *((node,) for node in NODES)])
def test_one_server_may_lose_its_protection_to_be_replaced(names: tuple[str, ...]) -> None:
    passes(servers(*names, protect=False))


@pytest.mark.parametrize("names", [NODES[:2], NODES[1:], NODES])
def test_two_servers_without_protection_are_refused(names: tuple[str, ...]) -> None:
    resources = servers(*names, protect=False)
    refuses(resources, ONE_GOES, f"{', '.join(names)} are not protected; only the server being replaced")
    told = {item.urn.rpartition(":")[2] for item in judge(resources) if item.rule == ONE_GOES}
    assert told == set(names), "the engine would show the refusal at other servers"


def test_all_servers_may_go_where_the_stack_file_says_so() -> None:
    passes([replace(item, protect=False) if item.name in NODES else item for item in servers(*NODES, teardown="true")])


@pytest.mark.parametrize("value", ["false", "True", True, ABSENT])
def test_a_teardown_that_one_server_is_not_part_of_lets_nothing_go(value: Any) -> None:
    resources = servers(*NODES, protect=False, teardown="true")
    [last] = [item for item in servers("node3", protect=False, teardown=value) if item.name == "node3"]
    refuses([last if item.urn == last.urn else item for item in resources], ONE_GOES, "are not protected")


def test_a_teardown_that_is_not_known_yet_is_left_aloud() -> None:
    leaves(servers(*NODES, protect=False, teardown=UNKNOWN), ONE_GOES, "labels.teardown")
    leaves(servers("node1", teardown=UNKNOWN), ONE_GOES, "labels.teardown")


def test_one_unknown_label_does_not_let_the_other_servers_go() -> None:
    resources = servers("node1", "node2", protect=False)
    [first] = [item for item in servers("node3", teardown=UNKNOWN) if item.name == "node3"]
    resources = [first if item.urn == first.urn else item for item in resources]
    refuses(resources, ONE_GOES, "node1, node2 are not protected")


@pytest.mark.parametrize(("agents", "planes"), [(("node1",), 2), (NODES, 0)])
def test_an_even_number_of_control_planes_is_refused(agents: tuple[str, ...], planes: int) -> None:
    refuses(servers(*agents, role="agent"), ODD, f"{planes} servers have the role server; use an odd number")


def test_a_fourth_control_plane_is_refused_and_a_fourth_agent_is_not() -> None:
    fourth = next(item for item in stack() if item.name == "node3" and item.type.endswith(":Server"))
    fourth = replace(fourth, name="node4", urn=fourth.urn.replace("node3", "node4"))
    refuses([*stack(), fourth], ODD, "4 servers have the role server")
    agent = replace(fourth, properties=put(fourth.properties, ("labels", "role"), "agent"))
    passes([*stack(), agent], ODD)


@pytest.mark.parametrize("agents", [(), ("node2", "node3")])
def test_an_odd_number_of_control_planes_passes(agents: tuple[str, ...]) -> None:
    passes(servers(*agents, role="agent"))


@pytest.mark.parametrize("value", ["Server", "control-plane", "", True, ABSENT])
def test_a_server_without_a_known_role_is_refused(value: Any) -> None:
    resources = servers("node1", role=value)
    refuses(resources, ODD, "set it to 'server' or 'agent'")
    assert not any("odd number" in item.message for item in judge(resources)), "counted, with one server not counted"


@pytest.mark.parametrize(("path", "place"), [(("labels",), "labels"), (("labels", "role"), "labels.role")])
def test_while_one_role_is_not_known_nothing_is_counted(path: Path, place: str) -> None:
    resources = with_property("Server", "node1", path, UNKNOWN)
    told = [item.path for item in unjudged(resources) if item.rule == ODD]
    assert told == [place], "a role that nobody knows is passed over in silence"
    passes(resources, ODD)


def test_a_stack_without_servers_has_none_to_keep() -> None:
    rest = [item for item in stack() if item.type != "hcloud:index/server:Server"]
    for rule in (BEHIND, ONE_GOES, ODD):
        passes(rest, rule)


def test_a_label_of_the_wrong_shape_is_refused() -> None:
    resources = with_property("Server", "node1", ("labels",), "role=server")
    refuses(resources, ODD, "labels is of type str where a mapping must stand")
    refuses(resources, ONE_GOES, "labels is of type str where a mapping must stand")


def test_a_resource_of_another_kind_is_no_server() -> None:
    passes([*stack(), resource("hcloud:index/network:Network", "network", {"autoDelete": True, "labels": {}})])
