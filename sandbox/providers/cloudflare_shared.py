"""What Cloudflare's resources have in common: ids, errors with URL and answer, and the zone they are in."""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable
from typing import Final

from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain
from sandbox.world import World

API: Final = "https://api.cloudflare.com/client/v4"


def new_hex(world: World) -> str:
    """An id of 32 hex digits, another each time."""
    return hashlib.md5(f"cloudflare {world.next_number('cloudflare')}".encode()).hexdigest()  # noqa: S324 - looks, not security


def now() -> str:
    """RFC 3339."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refusal(method: str, path: str, status: str, code: int, message: str) -> RefusalError:
    """An error as the provider prints it: the URL, and the API's whole answer."""
    answer = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return RefusalError(f'{method} "{API}/{path}": {status} {json.dumps(answer, separators=(",", ":"))}')


def zones(world: World, names: Iterable[str] | None = None) -> list[Plain]:
    """Return the account's zones, each with its id and name.

    Args:
        world: Contains zones.
        names: Further zones; the default is those of the variable HONEYDUE_SANDBOX_ZONES.
    """
    found = {item.id: item.data for item in world.objects("zone")}
    listed = os.environ.get("HONEYDUE_SANDBOX_ZONES", "").split(",") if names is None else names
    for name in filter(None, map(str.strip, listed)):
        identity = hashlib.md5(f"zone {name}".encode()).hexdigest()  # noqa: S324 - looks, not security
        found.setdefault(identity, {"id": identity, "name": name})
    return list(found.values())


def zone_of(world: World, inputs: Plain, method: str, path: str) -> Plain:
    """The zone that a resource names; from its first use on it stands. Raises RefusalError if there is none."""
    identity = inputs.get("zoneId")
    if not identity:
        raise RefusalError("missing required zone_id parameter")
    found = next((zone for zone in zones(world) if zone["id"] == identity), None)
    if found is None:
        message = f"Could not route to /client/v4/zones/{identity}/{path}, perhaps your object identifier is invalid?"
        raise refusal(method, f"zones/{identity}/{path}", "404 Not Found", 7003, message)
    if world.get("zone", found["id"]) is None:
        world.put("zone", found["id"], found, provider="cloudflare", name=found["name"], scope=found["name"])
    return found
