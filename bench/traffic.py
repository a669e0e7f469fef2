"""Requests to Traefik on a real server, straight from the edge and through a forwarding hop in front.

The hop is a second HAProxy that passes TCP on, as a load balancer or k3s' servicelb would; everything else is the same.
The backend is an HAProxy too, which answers at once, so that Traefik is what is measured.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.nodes.edge_host import HOST as EDGE
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import PUBLIC, Fabric
from sandbox.nodes.following import host_of
from sandbox.nodes.machine import Machine
from sandbox.world import Item, World

HOST: Final = "bench.sandbox.test"
_KNOWN: Final = "canary.sandbox.test"
"""For the handshake: Traefik shows no certificate for a name that no route has."""
HOP: Final = ("hop", "173.245.48.11")
"""Of Cloudflare's ranges, so that UFW lets it in."""
_BACKEND: Final = ("10.42.0.1", 9000)
CONCURRENCY: Final = 16
SECONDS: Final = 5
"""Of one run."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """One run of the load: requests per second, and milliseconds."""

    rate: float
    p50: float
    p99: float


@contextmanager
def route(fabric: Fabric, world: World) -> Iterator[None]:
    """A route without middlewares to a backend that answers at once, and the hop."""
    machine = Machine(fabric=fabric, host=host_of(first_node(world)))
    address, port = _BACKEND
    _kubectl(machine, *_objects(address, port))
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        front = f"mode http\n bind {address}:{port}\n http-request return status 200 content-type text/plain string ok"
        pass_on = f"mode tcp\n bind {HOP[1]}:443\n default_backend node"
        fabric.plug(HOP[0], PUBLIC, "eth0", [HOP[1]])
        node = f"backend node\n mode tcp\n server node {first_node(world).data['ipv4Address']}:443"
        backend = _haproxy(fabric, machine.host, folder / "backend.cfg", f"frontend all\n {front}\n")
        hop = _haproxy(fabric, HOP[0], folder / "hop.cfg", f"frontend all\n {pass_on}\n{node}\n")
        try:
            time.sleep(2)  # until Traefik has seen the route
            yield
        finally:
            for process in (backend, hop):
                process.terminate()
                process.wait(timeout=10)


def _objects(address: str, port: int) -> Sequence[dict[str, object]]:
    backend = {"service": {"name": "bench", "port": {"number": port}}}
    rule = {"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    annotations = {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
    }
    return (
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bench"}, "spec": {"ports": [{"port": port}]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "bench", "labels": {"kubernetes.io/service-name": "bench"}},
            "addressType": "IPv4",
            "ports": [{"name": "", "port": port, "protocol": "TCP"}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "bench", "annotations": annotations},
            "spec": {"ingressClassName": "traefik", "rules": [rule]},
        },
    )


def _haproxy(fabric: Fabric, host: str, file: Path, text: str) -> "subprocess.Popen[bytes]":
    file.write_text(f"defaults\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n{text}")
    return subprocess.Popen([*fabric.enter(host), "haproxy", "-db", "-f", str(file)], stderr=subprocess.DEVNULL)


def load(vegeta: Path, fabric: Fabric, address: str) -> Load:
    """As fast as it goes from the edge, with the edge's certificate, over kept connections."""
    folder = EdgeHost(fabric=fabric).folder
    client, authority = folder / "client.pem", folder / "origin-ca.pem"
    with tempfile.TemporaryDirectory() as text:
        results = Path(text) / "results"
        attack = [
            str(vegeta),
            "attack",
            "-rate=0",
            f"-workers={CONCURRENCY}",
            f"-max-workers={CONCURRENCY}",
            "-http2=false",
        ]
        trust = [f"-cert={client}", f"-key={client}", f"-root-certs={authority}"]
        where = [f"-connect-to={_KNOWN}:443:{address}:443", f"-duration={SECONDS}s", f"-output={results}"]
        _run([*fabric.enter(EDGE), *attack, *trust, *where], f"GET https://{_KNOWN}/\nHost: {HOST}\n")
        found = json.loads(_run([str(vegeta), "report", "-type=json", str(results)]))
    if set(found["status_codes"]) != {"200"}:
        raise SandboxError(f"vegeta: not every answer was a 200: {found['status_codes']}, {found['errors'][:3]}")
    nanoseconds = found["latencies"]
    return Load(rate=found["throughput"], p50=nanoseconds["50th"] / 1e6, p99=nanoseconds["99th"] / 1e6)


def _run(command: Sequence[str], said: str = "") -> str:
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    if done.returncode:
        raise SandboxError(f"vegeta: {done.stderr.strip()[-300:]}")
    return done.stdout


def first_node(world: World) -> Item:
    """The server that is asked."""
    return min(world.objects("server"), key=lambda item: item.name)


def _kubectl(machine: Machine, *items: dict[str, object]) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
    command = [*machine.enter(), "k3s", "kubectl", "--namespace", "honeydue", "apply", "-f", "-"]
    subprocess.run(command, input=text, text=True, capture_output=True, check=True, timeout=60)
