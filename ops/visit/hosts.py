"""Read the hosts of a stack's routes from its stack file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from components.config import PROJECT
from components.settings import Route

_ROUTES: Final = TypeAdapter(tuple[Route, ...])
_KEY: Final = f"{PROJECT}:routes"


class StackFileError(ValueError):
    """A stack file cannot be read, or has no valid routes."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host that a route serves, and whether Cloudflare or Traefik asks its visitors for a client certificate."""

    name: str
    client_certificates: bool = False


def read_hosts(file: Path) -> tuple[Host, ...]:
    """Return the hosts of every route in a stack file, sorted by name.

    Raises:
        StackFileError: If the file cannot be read or its routes are not valid.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StackFileError(f"{file}: {error.strerror}; --stack takes the NAME of a file Pulumi.NAME.yaml") from error
    except (yaml.YAMLError, ValueError) as error:
        raise StackFileError(f"{file}: it is not YAML: {' '.join(str(error).split())}") from error
    config = content.get("config") if isinstance(content, Mapping) else None
    given: Any = config.get(_KEY) if isinstance(config, Mapping) else None
    if not given:
        raise StackFileError(f"{file}: {_KEY} is missing or empty; a stack needs at least one route")
    try:
        routes = _ROUTES.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise StackFileError(f"{file}: {_KEY}{place}: {first['msg']}") from error
    found = [
        Host(name=name, client_certificates=route.client_certificates is not None)
        for route in routes
        for name in route.hosts
    ]
    return tuple(sorted(found, key=lambda host: host.name))
