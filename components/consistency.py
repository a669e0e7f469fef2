"""Checks that compare several values of a stack file.

They read the raw file, so that a mistake in one place does not hide a mistake in another.
"""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from types import SimpleNamespace
from typing import Any, Final

from components import cloudflare_ranges
from components.addresses import AddressPlan
from components.catalogue import SERVER_TYPES, Location
from components.problems import Problem, shown
from components.settings import Middleware, Route, Settings

Raw = dict[str, Any]

_STACK_NAME: Final = r"[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?"
_DEFAULT: Final = SimpleNamespace(**{name: field.default for name, field in Settings.model_fields.items()})
_ROUTE_DEFAULT: Final = Route.model_fields["middlewares"].default


def cross_checks(raw: Raw, stack: str) -> Iterator[Problem]:
    """Return every contradiction within the file."""
    for check in (_addresses, _fleet, _names, _hosts, _routes, _cookies, _server_types, _ranges):
        yield from check(raw, stack)


def _rows(raw: Raw, key: str) -> list[tuple[str, Raw]]:
    """Return the objects of a list, each with its place. The models report elements of other types."""
    items = raw.get(key)
    if not isinstance(items, list):
        return []
    return [(f"honeydue:{key}[{index}]", item) for index, item in enumerate(items) if isinstance(item, dict)]


def _strings(row: Raw, key: str) -> list[tuple[str, str]]:
    """Return the strings of a list, each with its place. The models report elements of other types."""
    items = row.get(key)
    if not isinstance(items, list):
        return []
    return [(f"{key}[{index}]", item) for index, item in enumerate(items) if isinstance(item, str)]


def _texts(row: Raw, key: str) -> list[str]:
    return [text for _, text in _strings(row, key)]


def _repeated(values: list[tuple[str, str]], rule: str) -> Iterator[Problem]:
    counts = Counter(value for _, value in values)
    for place, value in values:
        if counts[value] > 1:
            yield Problem(place, shown(value), f"listed {counts[value]} times; {rule}")


def _addresses(raw: Raw, _stack: str) -> Iterator[Problem]:
    try:
        plan = AddressPlan(
            network=IPv4Network(str(raw.get("networkRange", _DEFAULT.network_range))),
            subnet=IPv4Network(str(raw.get("subnetRange", _DEFAULT.subnet_range))),
        )
    except ValueError as error:
        yield Problem("honeydue:networkRange, honeydue:subnetRange", "", str(error))
        return
    for place, row in _rows(raw, "servers"):
        try:
            plan.check_server(IPv4Address(str(row.get("privateIp"))))
        except AddressValueError:
            continue  # not an address: the model reports it
        except ValueError as error:
            yield Problem(f"{place}.privateIp", shown(row["privateIp"]), str(error))


def _fleet(raw: Raw, _stack: str) -> Iterator[Problem]:
    rows = _rows(raw, "servers")
    planes = [row.get("name") for _, row in rows if row.get("role", "server") == "server"]
    if len(planes) % 2 == 0 and "servers" in raw:
        allowed = "the number must be odd, so that etcd can form a majority"
        yield Problem("honeydue:servers", f"{len(planes)} control planes (role: server)", allowed)
    if rows and not any(row.get("ingress", True) for _, row in rows):
        yield Problem(
            "honeydue:servers", "", "no server has ingress; at least one must have it, because DNS points to it"
        )
    names = [row.get("name") for _, row in rows]
    for key, noun, known in (("apiNode", "control plane", planes), ("replacing", "server", names)):
        if raw.get(key, names[0] if names else None) not in known and key in raw:
            listed = f"the {noun}s are {', '.join(map(str, known))}"
            yield Problem(f"honeydue:{key}", shown(raw[key]), f"no {noun} has this name; {listed}")
    if (
        raw.get("replacing")
        and raw["replacing"] == raw.get("apiNode", planes[0] if planes else None)
        and len(planes) > 1
    ):
        allowed = (
            "this is the API node, through which an update replaces servers; "
            "set honeydue:apiNode to another control plane too, in the same update"
        )
        yield Problem("honeydue:replacing", shown(raw["replacing"]), allowed)


def _names(raw: Raw, stack: str) -> Iterator[Problem]:
    if not re.fullmatch(_STACK_NAME, stack):
        yield Problem(
            "stack", shown(stack), "must be a DNS label of at most 20 characters, because resource names contain it"
        )
    for key in ("servers", "routes", "ingressClasses"):
        names = [(f"{place}.name", str(row["name"])) for place, row in _rows(raw, key) if "name" in row]
        yield from _repeated(names, "each name must be unique")
    addresses = [(f"{p}.privateIp", str(row["privateIp"])) for p, row in _rows(raw, "servers") if "privateIp" in row]
    yield from _repeated(addresses, "each private IP may belong to one server only")


def _hosts(raw: Raw, _stack: str) -> Iterator[Problem]:
    zone = str(raw.get("zone", ""))
    hosts = [(f"{place}.{key}", host) for place, row in _rows(raw, "routes") for key, host in _strings(row, "hosts")]
    yield from _repeated(hosts, "each host may belong to one route only")
    for place, host in hosts:
        if zone and host != zone and not host.endswith(f".{zone}"):
            yield Problem(place, shown(host), f"outside the zone; allowed: {zone} and names under it")
    if "routes" in raw and not raw["routes"]:
        yield Problem("honeydue:routes", "[]", "must have at least one route")


def _routes(raw: Raw, _stack: str) -> Iterator[Problem]:
    classes: dict[str, list[str]] = {"traefik": []}
    classes |= {str(row.get("name")): _texts(row, "requiredMiddlewares") for _, row in _rows(raw, "ingressClasses")}
    admins = set[str]().union(*(_backends(row) for _, row in _rows(raw, "routes") if row.get("admin") is True))
    for place, row in _rows(raw, "routes"):
        name = str(row.get("ingressClass", "traefik"))
        if name not in classes:
            allowed = f"no ingress class has this name; the classes are {', '.join(classes)}"
            yield Problem(f"{place}.ingressClass", shown(name), allowed)
            continue
        attached = _texts(row, "middlewares") if "middlewares" in row else list(_ROUTE_DEFAULT)
        missing = [required for required in classes[name] if required not in attached]
        if missing:
            yield Problem(f"{place}.middlewares", shown(attached), f"class {name} also requires {', '.join(missing)}")
        behind = sorted(_backends(row) & admins)
        if (row.get("admin") is True or behind) and Middleware.ADMIN_AUTH not in attached:
            why = (
                "an admin route" if row.get("admin") is True else f"a route to {behind[0]}, which an admin route uses,"
            )
            yield Problem(f"{place}.middlewares", shown(attached), f"{why} must include admin-auth")


def _backends(row: Raw) -> set[str]:
    """Return the Services that answer a route's requests."""
    canary = row.get("canary")
    rows = [row, canary] if isinstance(canary, dict) else [row]
    return {item["service"] for item in rows if isinstance(item.get("service"), str)}


def _cookies(raw: Raw, _stack: str) -> Iterator[Problem]:
    """Check that canaries over one Service agree on `sticky`: Traefik keys such a Service by its name and port only."""
    first: dict[tuple[str, str], tuple[str, Any]] = {}
    for place, row in _rows(raw, "routes"):
        canary = row.get("canary")
        if not isinstance(canary, dict):
            continue
        cookie, port = row.get("sticky"), row.get("port")
        for name, at in ((row.get("service"), port), (canary.get("service"), canary.get("port", port))):
            other, agreed = first.setdefault((str(name), str(at)), (place, cookie))
            if agreed != cookie:
                same = f"sticky: {agreed}" if agreed is not None else "no sticky"
                why = f"the canary of {other} also uses {name}:{at}, so both routes must have the same value"
                yield Problem(f"{place}.sticky", shown(cookie), f"{why}; allowed: {same}")
                break


def _server_types(raw: Raw, _stack: str) -> Iterator[Problem]:
    location = raw.get("location", _DEFAULT.location)
    if location not in list(Location):
        return
    rows = _rows(raw, "servers")
    given = [("honeydue:serverType", raw.get("serverType", _DEFAULT.server_type))]
    given += [(f"{place}.serverType", row["serverType"]) for place, row in rows if "serverType" in row]
    for place, name in given:
        if location not in SERVER_TYPES.get(str(name), frozenset(Location)):
            sold = ", ".join(sorted(kind for kind, places in SERVER_TYPES.items() if location in places))
            yield Problem(place, shown(name), f"not sold at {location}; the types sold there are {sold}")


def _ranges(raw: Raw, _stack: str) -> Iterator[Problem]:
    given = raw.get("cloudflareRanges")
    if not isinstance(given, dict):
        return
    lists = [given.get(family, []) for family in ("ipv4", "ipv6")]
    if given.get("source", "snapshot") != "list":
        if any(lists):
            yield Problem(
                "honeydue:cloudflareRanges",
                "",
                "ipv4 and ipv6 are used only with `source: list`; set it, or remove them",
            )
        return
    try:
        cloudflare_ranges.validate(*lists, previous=cloudflare_ranges.snapshot())
    except (ValueError, TypeError) as error:
        yield Problem("honeydue:cloudflareRanges", "", str(error))
