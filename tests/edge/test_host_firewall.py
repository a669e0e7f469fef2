"""The host firewall as the outside meets it: real packets against the real UFW that the program set up."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_network

import pytest

from components.cloudflare_ranges import snapshot
from components.firewall import Rule, ufw_policy
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import LAPTOP
from tests.edge.conftest import (
    EDGE,
    EDGE_ADDRESSES,
    LAPTOP_ADDRESSES,
    NODES,
    STRANGER,
    STRANGER_ADDRESSES,
    Stack,
)
from tests.edge.objects import KNOWN
from tests.edge.probe import listening, seen
from tests.unit.host_programs import source

PORTS = (22, 80, 443, 2379, 6443, 8080, 9100, 9101, 10250)
INSIDE_ONLY = (2379, 8080, 9100, 9101, 10250)
TALK = """
import http.client, ssl, socket, sys
address, host, authority, certificate = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(certificate)
connection = http.client.HTTPConnection(host)
connection.sock = context.wrap_socket(socket.create_connection((address, 443)), server_hostname=host)
for _ in sys.stdin:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    print(answer.status, flush=True)
"""
"""A request for each line of stdin, all over one connection."""
WHO = {EDGE: EDGE_ADDRESSES, STRANGER: STRANGER_ADDRESSES, LAPTOP: LAPTOP_ADDRESSES}


@pytest.fixture(scope="module", autouse=True)
def servers_that_listen(stack: Stack) -> Iterator[None]:
    """Something listens at every port of every server, so that only the firewall can say no."""
    with (
        listening(stack.machine("node1").enter(), PORTS),
        listening(stack.machine("node2").enter(), PORTS),
        listening(stack.machine("node3").enter(), PORTS),
    ):
        yield


def answers(stack: Stack, host: str, node: str, port: int) -> list[str]:
    """What a host sees at a port of a server, over IPv4 and over IPv6."""
    return answers_of_each(stack, [host], node, port)[host]


def answers_of_each(stack: Stack, hosts: Iterable[str], node: str, port: int) -> dict[str, list[str]]:
    """The same for several hosts, all asking at once: what is dropped is waited for."""
    asking = [
        (host, own, address) for host in hosts for own, address in zip(WHO[host], stack.addresses(node), strict=True)
    ]
    with ThreadPoolExecutor(len(asking)) as pool:
        told = pool.map(lambda who: seen(stack.fabric, who[0], who[1], who[2], port), asking)
        found = [(host, answer) for (host, *_), answer in zip(asking, told, strict=True)]
    return {host: [answer for asked, answer in found if asked == host] for host in hosts}


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("port", [80, 443])
def test_cloudflare_gets_in_and_nobody_else(stack: Stack, node: str, port: int) -> None:
    assert answers(stack, EDGE, node, port) == ["open", "open"]
    assert answers(stack, STRANGER, node, port) == ["dropped", "dropped"], "a SYN from outside must find nobody"


@pytest.mark.parametrize("port", [22, 6443])
def test_only_operators_reach_ssh_and_the_api(stack: Stack, port: int) -> None:
    assert answers(stack, LAPTOP, "node1", port) == ["open", "open"]
    assert answers(stack, EDGE, "node1", port) == ["dropped", "dropped"], "Cloudflare has no business there"
    assert answers(stack, STRANGER, "node1", port) == ["dropped", "dropped"]


@pytest.mark.parametrize("port", INSIDE_ONLY)
def test_what_is_between_the_nodes_can_not_be_reached_from_outside(stack: Stack, port: int) -> None:
    found = answers_of_each(stack, WHO, "node2", port)
    assert found == {host: ["dropped", "dropped"] for host in WHO}, f"{port} is open to somebody"


def test_the_nodes_reach_each_other_on_the_private_network(stack: Stack) -> None:
    host = stack.machine("node1").host
    for port in (2379, 6443, 10250):
        assert seen(stack.fabric, host, "10.0.1.11", "10.0.1.12", port) == "open"


def test_every_range_of_cloudflare_is_let_in(stack: Stack) -> None:
    ipv4, ipv6 = stack.addresses("node3")
    for network in snapshot().all:
        own, address = str(network[10]), ipv6 if network.version == 6 else ipv4
        stack.fabric.address(EDGE, "eth0", own)
        assert seen(stack.fabric, EDGE, own, address, 443) == "open", f"{network} is shut out"


def test_a_range_taken_off_the_list_is_closed_and_comes_back(stack: Stack) -> None:
    known = snapshot()
    ours = [str(network) for network in known.ipv4 if str(network) != "173.245.48.0/20"]
    ranges = {"source": "list", "ipv4": ours, "ipv6": [str(network) for network in known.ipv6]}
    stack.up({"honeydue:cloudflareRanges": ranges})
    for node in NODES:
        assert answers(stack, EDGE, node, 443)[0] == "dropped", f"{node} lets the old range in"
        assert answers(stack, EDGE, node, 443)[1] == "open", "another range was closed with it"
    stack.up()
    for node in NODES:
        assert answers(stack, EDGE, node, 443) == ["open", "open"], f"the range that came back is closed on {node}"


@contextmanager
def talking(stack: Stack, node: str) -> Iterator[Callable[[], str]]:
    """A visitor's connection to Traefik; each call sends a request over it, and gives the status."""
    certificates = EdgeHost(fabric=stack.fabric).folder
    given = [stack.addresses(node)[0], KNOWN, str(certificates / "origin-ca.pem"), str(certificates / "client.pem")]
    command = [*stack.fabric.enter(EDGE), sys.executable, "-c", TALK, *given]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as talker:

        def say() -> str:
            assert talker.stdin is not None
            assert talker.stdout is not None
            talker.stdin.write("\n")
            talker.stdin.flush()
            return talker.stdout.readline().strip()

        try:
            yield say
        finally:
            talker.kill()


def test_rules_that_lock_the_operator_out_roll_back_by_themselves(stack: Stack) -> None:
    elsewhere = Rule(source=ip_network("198.18.0.77/32"), port="22", proto="tcp", comment="not this laptop")
    policy = {**ufw_policy([elsewhere]), "rollbackSeconds": 4}
    with talking(stack, "node1") as say:
        assert say() == "200"
        stack.run("node1", "python3", "-c", source("ufw"), "apply", stdin=json.dumps({"ufw": policy}))
        assert answers(stack, LAPTOP, "node1", 22)[0] == "dropped", "the rules did not lock anybody out"
        assert say() == "200", "a visitor's connection was cut by a change of the rules"
    deadline = time.monotonic() + 60
    for who, port in ((LAPTOP, 22), (EDGE, 443)):
        while answers(stack, who, "node1", port) != ["open", "open"]:
            assert time.monotonic() < deadline, f"the former rules are not all back: {port} is closed to the {who}"
            time.sleep(1)
