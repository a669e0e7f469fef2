"""Locations, server types and images that the stack supports.

Source: Hetzner's list of locations and server types. The config refuses other names, because a mistyped one would fail
only at `pulumi up`. Add a name here once it is tested.
"""

from enum import StrEnum
from typing import Final


class Location(StrEnum):
    """A Hetzner Cloud location."""

    FALKENSTEIN = "fsn1"
    NUREMBERG = "nbg1"
    HELSINKI = "hel1"
    ASHBURN = "ash"
    HILLSBORO = "hil"
    SINGAPORE = "sin"

    @property
    def network_zone(self) -> str:
        """The network zone of the subnets that servers at this location can join."""
        return _NETWORK_ZONES.get(self, "eu-central")


_NETWORK_ZONES: Final = {Location.ASHBURN: "us-east", Location.HILLSBORO: "us-west", Location.SINGAPORE: "ap-southeast"}
_EUROPE: Final = frozenset({Location.FALKENSTEIN, Location.NUREMBERG, Location.HELSINKI})
_ABROAD: Final = frozenset(Location) - _EUROPE

SERVER_TYPES: Final[dict[str, frozenset[Location]]] = {
    **dict.fromkeys(("cx23", "cx33", "cx43", "cx53"), _EUROPE),
    **dict.fromkeys(("cax11", "cax21", "cax31", "cax41"), _EUROPE),
    **dict.fromkeys(("cpx22", "cpx32", "cpx42", "cpx52", "cpx62"), _EUROPE),
    **dict.fromkeys(("cpx11", "cpx21", "cpx31", "cpx41", "cpx51"), _ABROAD),
    **dict.fromkeys(("ccx13", "ccx23", "ccx33", "ccx43", "ccx53", "ccx63"), frozenset(Location)),
}
"""Server types that can be ordered, and the locations that sell each."""

IMAGES: Final = ("ubuntu-24.04", "ubuntu-22.04", "debian-12", "debian-13")
"""Images with cloud-init, Python 3.8 or newer, and APT, which installs UFW."""
