"""What a host of the fabric sees at another's port: whether it is open, refused, or dropped without a word."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sandbox.nodes.fabric import Fabric

PATIENCE = 1.5
"""Seconds without an answer after which a packet counts as dropped."""

_PROBE = f"""
import socket, sys
source, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    socket.create_connection((address, port), timeout={PATIENCE}, source_address=(source, 0)).close()
    print("open")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("dropped")
"""
_LISTEN = """
import socket, sys
kept = []
for port in map(int, sys.argv[1:]):
    try:
        kept.append(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
    except OSError:
        pass
print("ready", flush=True)
sys.stdin.read()
"""


def seen(fabric: Fabric, host: str, source: str, address: str, port: int) -> str:
    """open, refused or dropped, from one of a host's addresses."""
    command = [*fabric.enter(host), sys.executable, "-c", _PROBE, source, address, str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


@contextmanager
def listening(enter: Sequence[str], ports: Sequence[int]) -> Iterator[None]:
    """Something answers at these ports of a server, where nothing did."""
    command = [*enter, "python3", "-c", _LISTEN, *map(str, ports)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the listener did not start"
        yield
    finally:
        process.communicate(timeout=10)  # the end of its stdin ends it, wherever it runs
