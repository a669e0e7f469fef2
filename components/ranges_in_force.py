"""The Cloudflare ranges that a stack uses: the snapshot, the live list or its own list, all validated."""

from importlib.metadata import version

import pulumi

from components.cloudflare_ranges import Ranges, snapshot, validate
from components.settings import CloudflareRanges


class RangesError(pulumi.RunError):
    """Cloudflare's live list is not valid."""


def ranges_in_force(settings: CloudflareRanges) -> Ranges:
    """Return the ranges that the firewalls, the trusted IPs and the allow list share.

    Raises:
        RangesError: If the live list is empty, too broad, reserved, or has lost half of the ranges of the snapshot.
    """
    match settings.source:
        case "snapshot":
            return snapshot()
        case "list":
            return validate(settings.ipv4, settings.ipv6, previous=snapshot())
        case "live":
            answer = pulumi.runtime.invoke(
                "cloudflare:index/getIpRanges:getIpRanges",
                {},
                pulumi.InvokeOptions(version=version("pulumi_cloudflare")),
            ).value
            try:
                return validate(answer["ipv4Cidrs"], answer["ipv6Cidrs"], previous=snapshot())
            except (KeyError, TypeError, ValueError) as error:
                raise RangesError(
                    f"Cloudflare's live list of ranges is not valid; nothing was changed: {error}"
                ) from error
