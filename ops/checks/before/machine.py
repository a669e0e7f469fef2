"""This machine: whether the firewalls will admit its public address."""

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from ops.checks.before.context import Context
from ops.checks.model import Result, failed, passed, skipped, warning
from ops.clouds.cloudflare import BASE_URL_VARIABLE
from ops.stacks.own_address import TRACE, own_address

OPERATORS: Final = "docs/operations.md#changing-who-may-operate"


def checks(context: Context) -> Iterator[Result]:
    """Check that `operators` contains the IPv4 address from which this machine reaches the internet."""
    name = "public address"
    address = context.address or own_address(_trace())
    if address is None:
        yield warning(
            name,
            "this machine's public IPv4 address could not be found, so it was not compared with honeydue:operators",
            "give it with --address ADDRESS",
            OPERATORS,
        )
        return
    values = context.file.values if context.file else {}
    settings = context.settings
    if not values.get("honeydue:operators"):
        yield failed(
            name,
            f"{address}, and honeydue:operators is empty",
            f"add {address}/32 to honeydue:operators in {context.path.name} if `pulumi up` will run here",
            OPERATORS,
        )
    elif settings is None:
        yield skipped(name, "the stack file has problems")
    elif any(address in network for network in settings.operators):
        yield passed(name, f"{address} is among honeydue:operators")
    else:
        listed = ", ".join(map(str, settings.operators))
        yield failed(
            name,
            f"{address} is not among honeydue:operators ({listed}), so the servers will refuse SSH from this machine",
            f"add {address}/32 to honeydue:operators, or give the address of the machine that will run `pulumi up` "
            "with --address",
            OPERATORS,
        )


def _trace() -> str:
    """Return the URL of Cloudflare's trace endpoint; at another base URL for the API it is on the same host."""
    base = os.environ.get(BASE_URL_VARIABLE)
    if not base:
        return TRACE
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}/cdn-cgi/trace"
