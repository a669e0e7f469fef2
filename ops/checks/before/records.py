"""The routes' hosts and the DNS records that the zone already has."""

from collections.abc import Sequence
from typing import Final

from components.config import PROJECT, StackConfig
from ops.checks.model import RECOVERY, Result, failed, passed, warning
from ops.clouds.cloudflare import DnsRecord, Zone

_ADDRESSES: Final = ("A", "AAAA", "CNAME")
_SHOWN: Final = 5
"""Records that one finding names at most."""


def depth(settings: StackConfig) -> Result:
    """Check that Cloudflare's Universal SSL covers every host: the zone itself and one label below it.

    Visitors of a deeper host get no certificate without Advanced Certificate Manager.
    """
    name, labels = "certificates for visitors", settings.zone.count(".") + 1
    deep = [host for host in settings.hosts if host.count(".") > labels]
    if deep:
        return warning(
            name,
            f"Universal SSL does not cover {', '.join(deep)}, more than one label below {settings.zone}",
            "use a host with one label less, or order an advanced certificate (Advanced Certificate Manager)",
        )
    return passed(name, "Universal SSL covers every host")


def collisions(settings: StackConfig, found: Sequence[DnsRecord], *, known: bool) -> Result:
    """Check that no host has an address record yet.

    Cloudflare refuses a record beside a CNAME, but only during `pulumi up`. It accepts one beside other addresses, and
    then sends a part of the requests to the other addresses.

    Args:
        settings: The stack's settings.
        found: All records of the zone.
        known: Whether it is known that the stack's state is empty.
    """
    name = "records of the hosts"
    taken = [each for each in found if each.name in settings.hosts and each.type in _ADDRESSES]
    if not taken:
        return passed(name, f"{len(settings.hosts)} hosts have no address record yet")
    listed = _listed(taken)
    if not known:
        return warning(
            name, f"exist, perhaps of this stack: {listed}", "make the backend answer, and run the check again"
        )
    mark = f"{PROJECT}/{settings.stack}"
    if all((each.comment or "").endswith(f", {mark}") for each in taken):
        return failed(
            name,
            f"records with the comment of this stack exist, but not in its state: {listed}",
            "an earlier update was interrupted or the state was lost; import or delete them",
            RECOVERY,
        )
    return failed(
        name,
        f"other records exist: {listed}; a CNAME makes `pulumi up` fail, other addresses get a part of the requests",
        "delete these records before `pulumi up`, or use other hosts",
    )


def neighbours(settings: StackConfig, zone: Zone, found: Sequence[DnsRecord]) -> Result:
    """Check whether the zone has other proxied hosts. TLS settings and origin pulls apply to a whole zone."""
    name = "other hosts of the zone"
    others = [each for each in found if each.proxied and each.name not in settings.hosts]
    if not others:
        return passed(name, "there are no proxied ones")
    return warning(
        name,
        f"Full (strict), the minimum TLS version, HTTPS only and origin pulls will also apply to {_listed(others)}",
        f"make sure that their origins have valid certificates, or use a zone other than {zone.name}",
    )


def _listed(found: Sequence[DnsRecord]) -> str:
    names = [f"{each.name} {each.type} {each.content}" for each in found[:_SHOWN]]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return ", ".join([*names, *more])
