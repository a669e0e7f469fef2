"""k3s releases that the stack supports, and the Traefik version that each of them bundles.

A stack file selects one with k3sVersion. The config refuses other releases, because a mistyped one would fail only at
`pulumi up`. Source: k3s' release notes.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class TraefikRelease:
    """The Traefik that a k3s release bundles."""

    chart: str
    traefik: str


_CHART_39: Final = TraefikRelease(chart="39.0.501+up39.0.5", traefik="3.6.10")

K3S_RELEASES: Final[dict[str, TraefikRelease]] = {
    "v1.33.10+k3s1": _CHART_39,
    "v1.34.6+k3s1": _CHART_39,
    "v1.35.3+k3s1": _CHART_39,
}
"""k3s releases whose bundled Traefik chart accepts the values of `components/chart_values.py`.

A k3s patch release can bring a new major version of the chart, so other releases are refused until checked."""
