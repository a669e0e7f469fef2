"""Which of Cloudflare's ranges a stack uses: snapshot, live list, or a list of its own, all validated alike."""

from importlib.metadata import version

import pulumi

from components.cloudflare_ranges import Ranges, snapshot, validate
from components.settings import CloudflareRanges


class RangesError(pulumi.RunError):
    """Cloudflare's live list is not one to open or close the firewall by."""


def ranges_in_force(settings: CloudflareRanges) -> Ranges:
    """The ranges that firewall, trusted IPs and allow list share.

    Raises:
        RangesError: when the live list is empty, too broad, reserved, or has lost half of the snapshot.
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
                raise RangesError(f"Cloudflare's live ranges are refused; nothing was changed: {error}") from error
