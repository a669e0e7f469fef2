"""The Cloudflare zone: the token and its permissions, the zone, the DNS records that exist."""

from collections.abc import Callable, Generator, Iterator
from http import HTTPStatus
from typing import Final

from components.config import StackConfig
from ops.checks.before import records
from ops.checks.before.context import CLOUDFLARE_PERMISSIONS, Context, Token
from ops.checks.model import Result, failed, passed, skipped, warning
from ops.clouds.cloudflare import Cloudflare, DnsRecord, Zone
from ops.engine import EngineError
from ops.http import ApiError

_DASHBOARD: Final = "in the Cloudflare dashboard, under My Profile, API Tokens"
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def checks(context: Context) -> Iterator[Result]:
    """Check the token, the zone, the permissions, and existing records of the routes' hosts."""
    try:
        token = context.cloudflare_token
    except EngineError:  # the group on the backend reports it
        yield skipped("zone", "cloudflare:apiToken of the stack cannot be read")
        return
    if token is None:
        yield skipped("zone", "neither CLOUDFLARE_API_TOKEN nor cloudflare:apiToken of the stack is set")
        return
    try:
        yield from _with_token(context, Cloudflare(token.secret), token)
    except ApiError as error:
        yield failed(
            "API", str(error), "check the network and https://www.cloudflarestatus.com, and run the check again"
        )
        yield skipped("everything else in the zone", "the API did not answer as expected")


def _with_token(context: Context, cloudflare: Cloudflare, token: Token) -> Iterator[Result]:
    values = context.file.values if context.file else {}
    name = str(values.get("honeydue:zone") or "")
    zone, refusal = _zone(cloudflare, name) if name else (None, None)
    state = _token(cloudflare, token, zone)
    yield state
    if not name:
        yield skipped("zone", "the stack file has no honeydue:zone")
        return
    if zone is None:
        finding = f"the token sees no zone {name}" + (f" ({refusal})" if refusal else "")
        yield failed(
            "zone",
            finding,
            f"add the zone to the account, or give the token Zone: Read on it ({_DASHBOARD})",
        )
        yield skipped("permissions, records", "there is no zone")
        return
    yield _status(zone)
    found = yield from _permissions(cloudflare, zone)
    if context.settings is None:
        yield skipped("records of the hosts", "the stack file has problems")
    else:
        yield from _contents(context, context.settings, zone, found)


def _zone(cloudflare: Cloudflare, name: str) -> tuple[Zone | None, ApiError | None]:
    """Return the zone, or the refusal of a token that may not list zones."""
    try:
        return cloudflare.zone(name), None
    except ApiError as error:
        if error.status in _REFUSED:
            return None, error
        raise


def _token(cloudflare: Cloudflare, token: Token, zone: Zone | None) -> Result:
    """Check the token's state. `/user/tokens/verify` refuses a token that an account owns, so that one is asked too."""
    remedy = f"{_DASHBOARD}, create another one with {CLOUDFLARE_PERMISSIONS}, or enable or roll this one"
    try:
        state = cloudflare.token_state()
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        try:
            if zone is None:
                raise
            state = cloudflare.token_state(zone.account.id)
        except ApiError:
            return failed("token", f"{token.source} is refused: {error}", remedy)
    if state.status != "active":
        return failed("token", f"{token.source} is {state.status}", remedy)
    return passed("token", f"{token.source} is active")


def _status(zone: Zone) -> Result:
    name = f"zone {zone.name}"
    if zone.status != "active":
        servers = f" {', '.join(zone.name_servers)}" if zone.name_servers else ""
        return failed(
            name, f"it is {zone.status}, not active", f"set the domain's name servers at its registrar:{servers}"
        )
    if zone.paused:
        return failed(
            name, "it is paused, so Cloudflare proxies nothing", "enable Cloudflare on the zone's overview page"
        )
    plan = zone.plan.name or "an unknown plan"
    return passed(name, f"active; plan: {plan} (the stack uses nothing that a paid plan adds)")


def _permissions(cloudflare: Cloudflare, zone: Zone) -> Generator[Result, None, list[DnsRecord] | None]:
    """Check each permission, and return the records, None if the token may not read them."""
    found: list[DnsRecord] | None = None

    def read_records() -> None:
        nonlocal found
        found = cloudflare.records(zone.id)

    reads: dict[tuple[str, str], Callable[[], object]] = {
        ("DNS: Edit", "dns_records"): read_records,
        ("SSL and Certificates: Edit", "ssl"): lambda: cloudflare.pulls_enabled(zone.id),
        ("Zone Settings: Edit", "zone_settings"): lambda: cloudflare.setting(zone.id, "ssl"),
    }
    for (name, subject), read in reads.items():
        yield _permission(zone, name, subject, read)
    return found


def _permission(zone: Zone, name: str, subject: str, read: Callable[[], object]) -> Result:
    """Check one permission: whether it may read, by reading; whether it may edit, by the zone's list.

    Cloudflare documents the zone's `permissions` as a legacy field. So a missing `edit` proves something only beside
    a `read` of the same subject.
    """
    check, remedy = f"permission {name}", f"{_DASHBOARD}, edit the token and add {name} for {zone.name}"
    try:
        read()
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        return failed(check, f"the token may not even read: {error}", remedy)
    if f"#{subject}:edit" in zone.permissions:
        return passed(check, "granted")
    if f"#{subject}:read" in zone.permissions:
        return failed(check, "the token may read, but not edit", remedy)
    return warning(
        check, "the token may read; Cloudflare does not list whether it may edit", f"make sure of it: {remedy}"
    )


def _contents(context: Context, settings: StackConfig, zone: Zone, found: list[DnsRecord] | None) -> Iterator[Result]:
    yield records.depth(settings)
    if found is None:
        yield skipped("records of the hosts", "the token may not read the zone's records")
    elif context.deployed:
        yield skipped("records of the hosts", "the state has resources, so the stack's own records exist")
    else:
        yield records.collisions(settings, found, known=context.deployed is not None)
        yield records.neighbours(settings, zone, found)
