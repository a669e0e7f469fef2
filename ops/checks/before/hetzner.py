"""The Hetzner project: the token, the server types, the names that the stack will use."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final

from components.config import PROJECT, StackConfig
from ops.checks.before.context import Context
from ops.checks.model import RECOVERY, Result, failed, note, passed, skipped, warning
from ops.clouds.hetzner import Hetzner
from ops.clouds.hetzner_objects import Owned, ServerType
from ops.engine import EngineError
from ops.http import ApiError

FLEET: Final = "edge"
"""The name of the component that creates all objects at Hetzner; `__main__.py` sets it."""
_CONSOLE: Final = "in the Hetzner Console, under Security, API tokens, create one with the permission Read & Write"


def checks(context: Context) -> Iterator[Result]:
    """Check the token, its permission, the server types, and that no other object has a name of the stack."""
    try:
        token = context.hetzner_token
    except EngineError:  # the group on the backend reports it
        yield skipped("project", "hcloud:token of the stack cannot be read")
        return
    if token is None:
        yield skipped("project", "neither HCLOUD_TOKEN nor hcloud:token of the stack is set")
        return
    hetzner = Hetzner(token.secret)
    try:
        locations = {location.name for location in hetzner.locations()}
        yield passed("token", f"{token.source} is accepted")
        yield _permission(hetzner)
        if context.settings is None:
            yield skipped("location, server types, names", "the stack file has problems")
        else:
            yield from _types(hetzner, context.settings, locations, deployed=context.deployed)
            yield _names(hetzner, context.settings, deployed=context.deployed)
            yield _limits(context.settings)
    except ApiError as error:
        yield _refused(error, token.source, context.stack)
        yield skipped("everything else in the project", "the API did not answer as expected")


def _refused(error: ApiError, source: str, stack: str) -> Result:
    if error.status == HTTPStatus.UNAUTHORIZED:
        return failed(
            "token",
            f"{source} is refused: {error}",
            f"{_CONSOLE}, and run `pulumi config set --stack {stack} --secret hcloud:token`",
        )
    return failed("API", str(error), "check the network and https://status.hetzner.com, and run the check again")


def _permission(hetzner: Hetzner) -> Result:
    name = "write access"
    match hetzner.can_write():
        case True:
            return passed(name, "the token may change the project")
        case False:
            return failed(name, "the token is read-only", _CONSOLE)
    return warning(name, "the API did not say whether the token may change the project", "run the check again")


def _types(hetzner: Hetzner, settings: StackConfig, locations: set[str], *, deployed: bool | None) -> Iterator[Result]:
    """Check each server type at the location. It is needed now only if the servers do not exist yet."""
    place = str(settings.location)
    if place not in locations:
        yield failed(
            "location", f"Hetzner has no location {place}", f"set honeydue:location to one of {_list(locations)}"
        )
        return
    wanted = sorted({server.server_type or settings.server_type for server in settings.servers})
    for each in wanted:
        name, found = f"server type {each}", hetzner.server_type(each)
        finding = _unavailable(found, place)
        if finding:
            report = warning if deployed else failed
            yield report(
                name,
                f"{finding} in {place}" + ("; existing servers keep it" if deployed else ""),
                "set honeydue:serverType to another type or honeydue:location to another location",
            )
            continue
        at = found.at(place) if found else None
        if at and at.deprecation:
            end = at.deprecation.unavailable_after.date().isoformat()
            yield warning(
                name,
                f"available in {place} until {end}; then no server of this type can be created or replaced",
                "set honeydue:serverType to a type that stays",
            )
        else:
            yield passed(name, f"available in {place}")


def _unavailable(found: ServerType | None, place: str) -> str:
    """Return why no server of this type can be created at a location now, or an empty text."""
    if found is None:
        return "does not exist"
    at = found.at(place)
    if at is None:
        return "not offered"
    if at.available:
        return ""
    return "withdrawn, and no longer available" if at.deprecation else "sold out at the moment"


def _limits(settings: StackConfig) -> Result:
    count = len(settings.servers)
    return note(
        "limits",
        f"the API does not show the project's limits; the stack needs {count} servers, {2 * count} Primary IPs, "
        "1 network, 1 firewall, 1 placement group and 1 SSH key (Hetzner Console: Limits)",
    )


def planned_names(settings: StackConfig) -> dict[str, list[str]]:
    """Return the names of the stack's objects at Hetzner, by the method of `Hetzner` that lists them."""
    shared = [f"{settings.prefix}{FLEET}"]
    servers = [f"{settings.prefix}{server.name}" for server in settings.servers]
    return {
        "ssh_keys": shared,
        "networks": shared,
        "placement_groups": shared,
        "firewalls": shared,
        "primary_ips": [f"{server}-{family}" for server in servers for family in ("ipv4", "ipv6")],
        "servers": servers,
    }


def _names(hetzner: Hetzner, settings: StackConfig, *, deployed: bool | None) -> Result:
    """Check that the names are free. Hetzner refuses a second object of a name, but only during `pulumi up`."""
    name = "names"
    if deployed:
        return skipped(name, "the state has resources, so the stack's own objects have these names")
    taken: list[tuple[str, Owned]] = []
    for kind, wanted in planned_names(settings).items():
        existing: Sequence[Owned] = getattr(hetzner, kind)()
        taken += [(kind.removesuffix("s").replace("_", " "), each) for each in existing if each.name in wanted]
    if not taken:
        return passed(name, "no object of the project has a name that the stack will use")
    listed = ", ".join(f"{kind} {each.name} (id {each.id})" for kind, each in taken)
    own = {"project": PROJECT, "stack": settings.stack}
    if deployed is None:
        return warning(
            name, f"taken, perhaps by this stack: {listed}", "make the backend answer, and run the check again"
        )
    if all(own.items() <= each.labels.items() for _, each in taken):
        return failed(
            name,
            f"objects with the labels of this stack exist, but not in its state: {listed}",
            "an earlier update was interrupted or the state was lost; import or delete them",
            RECOVERY,
        )
    return failed(
        name,
        f"taken by other objects: {listed}",
        "use a Hetzner project of the stack's own, or rename these objects",
    )


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
