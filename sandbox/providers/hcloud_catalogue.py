"""What Hetzner sells where: names outside these tables are refused by the API, that is, only at `up`."""

from typing import Final

_EUROPE: Final = frozenset({"fsn1", "nbg1", "hel1"})
_ABROAD: Final = frozenset({"ash", "hil", "sin"})
LOCATIONS: Final = _EUROPE | _ABROAD
_ZONES: Final = {"ash": "us-east", "hil": "us-west", "sin": "ap-southeast"}

SERVER_TYPES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("cx23", "cx33", "cx43", "cx53", "cax11", "cax21", "cax31", "cax41"), _EUROPE),
    **dict.fromkeys(("cpx12", "cpx22", "cpx32", "cpx42", "cpx52", "cpx62"), _EUROPE),
    **dict.fromkeys(("cpx11", "cpx21", "cpx31", "cpx41", "cpx51"), _ABROAD),
    **dict.fromkeys(("ccx13", "ccx23", "ccx33", "ccx43", "ccx53", "ccx63"), LOCATIONS),
}
"""Server types that can be ordered, and where."""

WITHDRAWN: Final = frozenset({"cx11", "cx21", "cx31", "cx41", "cx51", "cx22", "cx32", "cx42", "cx52"})
"""Server types that once could be ordered."""

IMAGES: Final = frozenset(
    [
        "ubuntu-22.04",
        "ubuntu-24.04",
        "debian-11",
        "debian-12",
        "debian-13",
        "fedora-42",
        "fedora-43",
        "rocky-8",
        "rocky-9",
        "rocky-10",
        "alma-8",
        "alma-9",
        "alma-10",
        "centos-stream-9",
        "centos-stream-10",
        "opensuse-15",
        "opensuse-16",
    ]
)
"""Images of the distributions."""


def network_zone(location: str) -> str:
    """The zone of a location's private networks."""
    return _ZONES.get(location, "eu-central")
