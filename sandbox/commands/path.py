"""One request from a visitor to a pod, hop by hop, each line with what was really seen there."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.commands.show import table
from sandbox.commands.visiting import VISITOR_ADDRESSES, asking
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.nodes.edge import ADDRESSES
from sandbox.nodes.edge_host import HOST as EDGE
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import Fabric
from sandbox.nodes.following import host_of
from sandbox.nodes.machine import Machine
from sandbox.world import World

_ATTEMPTS: Final = 20
_PAUSE: Final = 0.5
"""Seconds; Traefik hears of new pods a moment after they are ready."""
_REFUSED: Final = (35, 55, 56)
"""How curl ends when a server breaks off for want of a certificate: in the handshake, or, with TLS 1.3, as it sends or
reads after it."""
_STATUS: Final = "\n%{http_code} %{http_version} %{ssl_verify_result}"
_TRAEFIK: Final = (
    "for p in $(pgrep -x traefik); do awk '/^(Uid|CapEff|NoNewPrivs):/{print $1,$2}' /proc/$p/status; done; "
    "ufw status | grep -c 'ALLOW.*https from Cloudflare'"
)


def show_path(layout: Layout, host: str) -> None:
    """Asks for https://HOST/ as a visitor does, and shows the way that the request went.

    Raises:
        SandboxError: when it does not arrive.
    """
    fabric, world = Fabric(home=layout.home), World(layout.world)
    command = asking(layout, f"https://{host}/", ["--dump-header", "/dev/stderr", "--write-out", _STATUS])
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        body, _, told = done.stdout.rpartition("\n")
        if body.startswith("{"):
            break
    else:
        raise SandboxError(f"https://{host}/ does not get through: {told or done.stderr.strip()}")
    seen, (code, version, verified) = json.loads(body), told.split()
    headers = {name.lower(): ", ".join(values) for name, values in seen["headers"].items()}
    node = next(item for item in world.objects("server") if item.name == headers["x-forwarded-server"])
    there = Machine(fabric=fabric, host=host_of(node))
    status = _run(there, ["sh", "-c", _TRAEFIK]).split()
    facts = dict(zip(status[:-1:2], status[1:-1:2], strict=True))
    rows = [
        ("visitor", VISITOR_ADDRESSES[0], f"GET https://{host}/"),
        ("edge", f"HAProxy at {ADDRESSES[0]}", f"certificate {'verified' if verified == '0' else 'NOT verified'}"),
        (
            "node",
            f"{node.name}, {node.data['ipv4Address']}",
            f"UFW lets Cloudflare in by {status[-1]} rules",
        ),
        (
            "Traefik",
            f"UID {facts['Uid:']}, CapEff {facts['CapEff:']}",
            _handshake(fabric, host, str(node.data["ipv4Address"])),
        ),
        ("pod", f"{seen['pod']}, asked by {seen['peer']}", "; ".join(_forwarded(headers))),
        ("answer", f"HTTP/{version} {code}", ", ".join(_added(done.stderr))),
    ]
    table(f"The way of a request to {host}", ("hop", "where", "what was seen"), rows)


def _handshake(fabric: Fabric, host: str, address: str) -> str:
    """Whether the node talks to the edge when that shows no certificate."""
    trust = ["--cacert", str(EdgeHost(fabric=fabric).folder / "origin-ca.pem"), "--resolve", f"{host}:443:{address}"]
    ask = ["curl", "--silent", "--output", "/dev/null", "--max-time", "10", *trust, f"https://{host}/"]
    done = subprocess.run([*fabric.enter(EDGE), *ask], capture_output=True, timeout=30, check=False)
    told = {
        0: "takes the edge without a certificate too",
        **dict.fromkeys(_REFUSED, "insists on the edge's certificate"),
    }
    return told.get(done.returncode, f"asked without a certificate, curl ends with {done.returncode}")


def _forwarded(headers: Mapping[str, Any]) -> Iterator[str]:
    for name in ("cf-connecting-ip", "x-forwarded-for", "x-forwarded-proto"):
        yield f"{name}: {headers.get(name, 'missing')}"


def _added(text: str) -> list[str]:
    """The headers that middlewares put on the answer."""
    names = [line.partition(":")[0].strip().lower() for line in text.splitlines() if ":" in line]
    return sorted({*names} - {"content-length", "content-type", "date", "server"}) or ["no header of a middleware"]


def _run(machine: Machine, command: Sequence[str]) -> str:
    done = subprocess.run([*machine.enter(), *command], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout
