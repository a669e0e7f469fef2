"""Tables of what stands, narrow enough for 80 columns; plain text when stdout is no terminal."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import yaml
from rich import box
from rich.console import Console
from rich.table import Table

from sandbox.engine.outcome import Outcome
from sandbox.world import World

SIMULATED: Final[tuple[tuple[str, str], ...]] = (
    ("Hetzner Cloud", "records in SQLite, with the real provider's refusals"),
    ("servers, SSH", "recorded servers that answer a host program with what it prints"),
    ("Cloudflare", "records in SQLite; a CA of the sandbox really signs the origin certificate"),
    ("Kubernetes", "objects kept as records; nothing runs them"),
)
REAL: Final = "Real: the engine, the program, policies, keys, certificates, random values."
WITH_SERVERS: Final = {
    "Hetzner Cloud": "records in SQLite; its servers are namespaces of this machine",
    "servers, SSH": "namespaces; cloud-init, sshd, UFW on them are real",
    "Cloudflare": "records in SQLite, a CA of the sandbox, HAProxy as the edge",
    "Kubernetes": "API servers, controllers, scheduler, Traefik are real; k3s, kubelet, etcd, Helm are not",
}
"""What is different where servers are real."""


def tell(text: str = "") -> None:
    """A line on stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; nothing if it has no rows."""
    rows = list(rows)
    if not rows:
        return
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    Console(highlight=False, markup=False).print(drawn, "")


def show_resources(state: dict[str, Any]) -> None:
    """How many resources of which type the engine knows."""
    types = Counter(resource["type"] for resource in state["deployment"].get("resources") or [])
    rows = [(name, str(count)) for name, count in sorted(types.items())]
    table("Resources", ("type", "count"), [*rows, ("all", str(types.total()))] if rows else [])


def show_outputs(outputs: dict[str, Any]) -> None:
    """The stack's outputs; secrets come masked already."""
    table("Outputs", ("name", "value"), [(name, _text(value)) for name, value in sorted(outputs.items())])


def show_servers(world: World) -> None:
    """Each server with its addresses and whether it runs."""
    private = {str(item.data.get("serverId")): item.data.get("ip", "") for item in world.objects("server_network")}
    rows = [
        (
            item.name,
            str(item.data.get("serverType", "")),
            f"{item.data.get('ipv4Address', '')}\n{item.data.get('ipv6Address', '')}",
            str(private.get(item.id, "")),
            str(item.data.get("status", "")),
        )
        for item in sorted(world.objects("server"), key=lambda found: found.name)
    ]
    table("Servers", ("name", "type", "public", "private", "state"), rows)


def show_records(world: World) -> None:
    """Each DNS name with what it answers."""
    answers: dict[tuple[str, str], list[str]] = {}
    for item in world.objects("dns_record"):
        proxied = " (proxied)" if item.data.get("proxied") else ""
        answers.setdefault((f"{item.data['name']}{proxied}", item.data["type"]), []).append(str(item.data["content"]))
    rows = [(name, kind, "\n".join(sorted(contents))) for (name, kind), contents in sorted(answers.items())]
    table("DNS records", ("name", "type", "answers"), rows)


def show_simulated(*, real_servers: bool) -> None:
    """What is not the real thing."""
    instead = WITH_SERVERS if real_servers else {}
    table("Simulated", ("what", "how"), [(what, instead.get(what, how)) for what, how in SIMULATED])
    tell(REAL)


def show_drift(outcome: Outcome) -> None:
    """What a refresh found different from the state."""
    rows = [
        (urn.rpartition("::")[2], urn.split("::")[2].rpartition("$")[2], _drift(operations))
        for urn, operations in sorted(outcome.touched.items())
    ]
    table("Drift", ("resource", "type", "what"), rows)
    tell(f"refresh: {len(rows)} differ from what was left standing" if rows else "refresh: no drift")


def _drift(operations: set[str]) -> str:
    return "is gone" if "delete" in operations else "was changed"


def _text(value: object) -> str:
    return value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False, allow_unicode=True).strip()
