"""Real servers: first boot, verified SSH, and the power switch."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.nodes.machine import Machine
from tests.edge.conftest import LAPTOP_ADDRESSES, NODES, Stack
from tests.edge.probe import seen
from tests.stack_files import stack_config

OPERATORS = stack_config("sandbox")["honeydue:operators"]


@contextmanager
def another_host_key(stack: Stack, node: str) -> Iterator[None]:
    """The server answers with a host key that nobody pinned, as somebody in between would."""
    own = "/etc/ssh/ssh_host_ed25519_key"
    restart = "pkill -x sshd || true; sleep 0.2; /usr/sbin/sshd -E /var/log/sshd.log"
    stack.run(node, "sh", "-c", f"mv {own} {own}.own && ssh-keygen -q -t ed25519 -N '' -f {own} && {restart}")
    try:
        yield
    finally:
        stack.run(node, "sh", "-c", f"mv {own}.own {own} && {restart}")


def wait_until_up(machine: Machine, boots: int) -> None:
    """Wait until the server's console has told of so many boots."""
    deadline = time.monotonic() + 60
    while machine.console.read_text().splitlines().count("up") < boots:
        assert time.monotonic() < deadline, f"it does not boot: {machine.console.read_text()[-500:]}"
        time.sleep(0.1)


@pytest.mark.parametrize("node", NODES)
def test_cloud_init_did_what_the_program_told_it(stack: Stack, node: str) -> None:
    assert stack.run(node, "hostname").strip() == f"sandbox-{node}"
    assert "status: done" in stack.run(node, "cloud-init", "status")
    lowest = stack.run(node, "sysctl", "-n", "net.ipv4.ip_unprivileged_port_start")
    assert lowest.strip() == "80", "Traefik as UID 65532 could not listen on 80 and 443"
    assert "uid=0" in stack.run(node, "su", "-", "deploy", "-c", "sudo id")
    locked = stack.run(node, "passwd", "--status", "root").split()[1]
    assert locked != "P", "root has a password to guess"


def test_a_servers_console_and_shell_are_at_hand(stack: Stack) -> None:
    logged = stack.box.command("logs", "node1")
    assert "Cloud-init v." in logged.stdout, logged.stderr
    entered = stack.box.command("shell", "node1")
    assert entered.returncode == 0, "a shell without anybody at its keyboard ends at once"
    unknown = stack.box.command("logs", "node9")
    assert unknown.returncode == 1
    assert "sandbox-node1" in unknown.stderr, "the message names the servers that there are"


def test_a_server_sees_nothing_of_this_machines_own_files(stack: Stack) -> None:
    listed = stack.run("node1", "sh", "-c", "ls /root /home /mnt /opt /work 2>/dev/null || true").split()
    assert set(listed) <= {"/root:", "/home:", "/mnt:", "/opt:", "/work:", "deploy", "sandbox"}
    refused = subprocess.run(
        [*stack.machine("node1").enter(), "sysctl", "-w", "kernel.pid_max=99999"],
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0, "a server could change the kernel of the machine that it runs on"


def test_a_server_with_another_host_key_is_told_nothing(stack: Stack) -> None:
    with another_host_key(stack, "node2"):
        done = stack.box.command("up", edits={"honeydue:operators": [*OPERATORS, "198.18.0.77/32"]})
        assert done.returncode == 1
        assert "Host key verification failed" in done.stderr, done.stderr
    stack.up()


def test_a_server_without_power_is_silent_and_comes_back_with_its_disk(stack: Stack) -> None:
    machine, (address, _) = stack.machine("node3"), stack.addresses("node3")
    boots = machine.console.read_text().splitlines().count("up")
    stack.run("node3", "touch", "/etc/kept", "/home/deploy/kept")
    machine.power_off()
    assert not machine.pid
    assert seen(stack.fabric, "laptop", LAPTOP_ADDRESSES[0], address, 22) == "dropped"
    machine.power_on()
    wait_until_up(machine, boots + 1)
    assert stack.run("node3", "ls", "/etc/kept", "/home/deploy/kept"), "its disk was lost with its power"
    assert stack.run("node3", "hostname").strip() == "sandbox-node3"
    assert seen(stack.fabric, "laptop", LAPTOP_ADDRESSES[0], address, 22) == "open"
    wait = "for n in $(seq 120); do pgrep -x traefik >/dev/null && exit 0; sleep 0.5; done; exit 1"
    stack.run("node3", "sh", "-c", wait)
    stack.kubectl("--namespace", "honeydue", "wait", "--for=condition=Ready", "--timeout=60s", "pods", "--all")
