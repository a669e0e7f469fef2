"""Changes under way: what is refused leaves everything serving, and what is replaced comes back as it was."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.nodes.fabric import LAPTOP, PUBLIC, Fabric
from tests.edge.conftest import LAPTOP_ADDRESSES, NODES, Stack
from tests.stack_files import ROOT, stack_config

if TYPE_CHECKING:
    from tests.edge.visitor import Answer

API = "canary.sandbox.test"
STICKY = "sticky.sandbox.test"
ROUTES = stack_config("sandbox")["honeydue:routes"]


class Load:
    """Visitors who keep coming."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._end = threading.Event()
        self.answers: list[Answer] = []

    def run(self) -> None:
        """Ten requests at a time, each over a connection of its own, each from the next visitor."""
        number = 0
        while not self._end.is_set():
            source = f"203.0.113.{110 + number % 100}"
            number += 1
            self.answers += self._stack.browse(API, source=source, requests=[{}] * 10, keep=False)

    def stop(self) -> None:
        """No more."""
        self._end.set()


@contextmanager
def load(stack: Stack) -> Iterator[Load]:
    """Visitors meanwhile."""
    visitors = Load(stack)
    thread = threading.Thread(target=visitors.run)
    thread.start()
    try:
        yield visitors
    finally:
        visitors.stop()
        thread.join(timeout=60)


def test_values_that_helm_refuses_fail_the_update_and_leave_the_old_traefik_serving(stack: Stack) -> None:
    before = {node: stack.traefik(node)["metadata"]["uid"] for node in NODES}
    script = Path(__file__).with_name("with_other_values.py")
    command = [
        *stack.fabric.enter(LAPTOP),
        sys.executable,
        str(script),
        str(stack.box.home),
        str(stack.box.stack_file()),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout
    assert "traefik-rollout" in done.stderr
    assert "hostNetwerk" in done.stderr, "the message does not carry Helm's own words"
    _, said, reason = done.stderr.partition('Process exited with status 1: running "sudo python3 /usr/local/lib')
    rest = reason.splitlines()
    assert said, done.stderr
    assert len(said) + len(rest[0]) < 160, "the command is in the way of the reason"
    assert rest[1].startswith("rollout: "), "the reason must come first"
    assert len(rest) < 24, "an error must fit on a screen"
    assert {node: stack.traefik(node)["metadata"]["uid"] for node in NODES} == before
    [answer] = stack.browse(API)
    assert answer.status == 200
    stack.up()
    assert {node: stack.traefik(node)["metadata"]["uid"] for node in NODES} == before, "the way back cost a restart"


def without_pods(stack: Stack, app: str) -> str:
    """A node that runs no pod of an application: an answer that fails is then Traefik's or the edge's doing."""
    words = ["--namespace", "honeydue", "get", "pods", "-l", f"app.kubernetes.io/name={app}", "-o", "json"]
    used = {pod["spec"]["nodeName"] for pod in json.loads(stack.kubectl(*words))["items"]}
    return next(node for node in reversed(NODES) if node not in used)


def test_one_node_without_power_costs_one_more_try(stack: Stack) -> None:
    victim = without_pods(stack, "api")
    alive = next(node for node in NODES if node != victim)
    stack.machine(victim).power_off()
    try:
        answers = [stack.browse(STICKY, source=f"203.0.113.{200 + number}", keep=False)[0] for number in range(30)]
        lost = ["wait", "--for=condition=Ready=Unknown", "--timeout=60s", f"node/{victim}"]
        stack.kubectl(*lost, node=alive)
    finally:
        stack.machine(victim).power_on()
    codes = Counter(answer.status for answer in answers)
    assert set(codes) <= {200, 522}, codes
    assert codes[200] >= 24, f"the one retry may meet the other address of the same node, in one of five: {codes}"
    stack.kubectl("wait", "--for=condition=Ready", "--timeout=90s", f"node/{victim}", node=alive)


def test_a_server_replaced_under_load_comes_back_at_its_address(stack: Stack) -> None:
    addresses, identity = stack.addresses("node2"), stack.record("node2").id
    stack.run("node2", "touch", "/etc/from-before")
    with load(stack) as visitors:
        stack.up({"honeydue:replacing": "node2"})
    assert stack.addresses("node2") == addresses
    assert stack.record("node2").id != identity, "it was not replaced"
    assert not stack.run("node2", "sh", "-c", "ls /etc/from-before 2>/dev/null || true"), "this is the old disk"
    assert "Status: active" in stack.run("node2", "ufw", "status"), "the new server has no firewall"
    codes = Counter(answer.status for answer in visitors.answers)
    assert codes[200] >= len(visitors.answers) * 0.85, f"too many visitors were turned away: {codes}"
    assert set(codes) <= {200, 404, 502, 503, 504, 520, 521, 522, 525, 526}, codes
    [answer] = stack.edge().ask(API, address=addresses[0])
    assert answer.status == 200, f"the new server does not serve: {answer.body}"
    stack.up()


def test_operators_without_this_machine_are_refused_by_every_host_and_change_no_rule(stack: Stack) -> None:
    before = {node: stack.run(node, "ufw", "show", "added") for node in NODES}
    failed = stack.box.command("up", edits={"honeydue:operators": ["198.18.0.77/32"]})
    assert failed.returncode == 1
    assert "refusing rules that would lock out 198.18.0.10, the address that you connect from" in failed.stderr
    assert "honeydue:operators" in failed.stderr
    assert {node: stack.run(node, "ufw", "show", "added") for node in NODES} == before
    assert "Nothing changes" not in stack.up(), "Hetzner's firewall was changed, and must change back"


def test_a_host_that_sorts_first_restarts_no_traefik(stack: Stack) -> None:
    before = {node: stack.traefik(node)["metadata"]["uid"] for node in NODES}
    routes = [*ROUTES, {"name": "first", "hosts": ["a.sandbox.test"], "service": "api", "port": 8000}]
    stack.up({"honeydue:routes": routes})
    [answer] = stack.browse("a.sandbox.test")
    assert answer.status == 200
    stack.up()
    assert {node: stack.traefik(node)["metadata"]["uid"] for node in NODES} == before


def test_the_second_update_changes_nothing_and_shows_a_request_on_its_way(stack: Stack) -> None:
    said = stack.up()
    assert "Nothing changes" in said
    _, _, way = said.partition("The way of a request to ")
    for seen in (
        "certificate verified",
        "UFW lets Cloudflare in by 22 rules",
        "UID 65532",
        "insists on",
        "HTTP/1.1 200",
    ):
        assert seen in way, f"{seen} is missing in:\n{way}"


def test_another_sandbox_beside_this_one_has_its_own_network_and_its_own_end(stack: Stack) -> None:
    home, ours = stack.box.home.with_name("neighbour"), set(stack.fabric.hosts)
    neighbour = Fabric(home=home)
    try:
        neighbour.open(LAPTOP_ADDRESSES)
        neighbour.plug("visitor", PUBLIC, "eth0", [stack.addresses("node1")[0]])
        [answer] = stack.browse(API)
        assert answer.status == 200, "one sandbox's addresses get in the way of another's"
        command = [sys.executable, "-m", "sandbox", "down", "--home", str(home)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert not neighbour.hosts
    finally:
        neighbour.close()
    assert set(stack.fabric.hosts) == ours
    [answer] = stack.browse(API)
    assert answer.status == 200
