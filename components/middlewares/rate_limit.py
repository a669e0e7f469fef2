"""The middleware `rate-limit`. The key rateLimit of the stack file sets its numbers."""

from typing import Any

from components.settings import RateLimit


def rate_limit(numbers: RateLimit) -> dict[str, Any]:
    """Return a limit per second and visitor, not per Cloudflare address; a bucket is full 2 s after its last use."""
    return {
        "average": numbers.average,
        "period": "1s",
        "burst": numbers.burst,
        "sourceCriterion": {"ipStrategy": {"depth": 1, "ipv6Subnet": 64}},
    }
