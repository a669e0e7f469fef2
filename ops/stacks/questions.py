"""The answers that a new stack file needs: from flags, and on a terminal from questions."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

import typer

from components.catalogue import SERVER_TYPES, Location
from components.settings import Settings
from ops.stacks.backend import PULUMI_CLOUD

_PORT: Final = 8000
_SERVICE: Final = "api"


class Fleet(StrEnum):
    """The number of servers: one for a test environment, three for a cluster that survives the loss of one."""

    ONE = "1"
    THREE = "3"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What is known so far; None or empty is not known."""

    zone: str | None = None
    servers: Fleet | None = None
    location: Location | None = None
    server_type: str | None = None
    operators: Sequence[str] = ()
    hosts: Sequence[str] = ()
    service: str | None = None
    port: int | None = None
    backend: str | None = None

    @property
    def missing(self) -> list[str]:
        """The flags that are still needed."""
        flags = {
            "--zone": self.zone,
            "--servers": self.servers,
            "--location": self.location,
            "--server-type": self.server_type,
            "--operator": self.operators,
            "--host": self.hosts,
            "--service": self.service,
            "--port": self.port,
            "--backend": self.backend,
        }
        return [flag for flag, value in flags.items() if value is None or value == ()]


def operator_of(address: str) -> str:
    """Return the range of one public address.

    Raises:
        ValueError: If the text is not a public IP address.
    """
    try:
        own = ip_address(address)
    except ValueError as error:
        raise ValueError(f"--address {address!r}: not an IP address") from error
    if not own.is_global:
        raise ValueError(f"--address {address}: not a public address; servers would never see it")
    return f"{own}/{own.max_prefixlen}"


def is_terminal() -> bool:
    """Return whether somebody can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(known: Answers, find_address: Callable[[], IPv4Address | None]) -> Answers:
    """Ask for everything that is missing, on stderr.

    Args:
        known: The answers from the flags.
        find_address: Returns this machine's public address. It is called only if the operators are missing.
    """
    zone = known.zone or _question("Cloudflare zone of this stack alone, such as example.com")
    servers = known.servers or _question("Servers; three survive the loss of one", Fleet.THREE, Fleet)
    location = known.location or _question("Location at Hetzner", Location.NUREMBERG, Location)
    sold = ", ".join(kind for kind, places in SERVER_TYPES.items() if location in places)
    return replace(
        known,
        zone=zone,
        servers=servers,
        location=location,
        server_type=known.server_type or _question(f"Server type ({sold})", _usual_type(location)),
        operators=known.operators or _operators(find_address),
        hosts=known.hosts or _list("Hosts of the first route, separated by commas", f"api.{zone}"),
        service=known.service or _question("Service behind them", _SERVICE),
        port=known.port or _question("Port of the Service", _PORT, int),
        backend=known.backend or _question("Backend of the state (s3://BUCKET, file://FOLDER, ...)", PULUMI_CLOUD),
    )


def _operators(find_address: Callable[[], IPv4Address | None]) -> list[str]:
    own = find_address()
    if own is None:
        typer.echo("The public IPv4 address of this machine was not found; give it as ADDRESS/32.", err=True)
    return _list("Ranges that may use SSH and the Kubernetes API, separated by commas", f"{own}/32" if own else None)


def _usual_type(location: Location) -> str | None:
    """Return the default server type if it is sold at the location."""
    usual: str = Settings.model_fields["server_type"].default
    return usual if location in SERVER_TYPES[usual] else None


def _list(text: str, default: str | None) -> list[str]:
    return [part.strip() for part in str(_question(text, default)).split(",") if part.strip()]


def _question(text: str, default: Any = None, kind: Any = str) -> Any:
    return typer.prompt(text, default=default, type=kind, err=True)
