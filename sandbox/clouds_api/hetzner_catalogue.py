"""Hetzner's locations and server types as JSON, from the same catalogue as the hcloud provider's stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.providers.hcloud_catalogue import LOCATIONS, SERVER_TYPES, WITHDRAWN, network_zone

Json = dict[str, Any]

_EUROPE: Final = frozenset({"fsn1", "hel1", "nbg1"})
_PAST: Final = {"announced": "2025-10-16T00:00:00+00:00", "unavailable_after": "2025-12-31T00:00:00+00:00"}
_FUTURE: Final = {"announced": "2026-11-01T00:00:00+00:00", "unavailable_after": "2099-03-01T00:00:00+00:00"}
_CITIES: Final = {
    "ash": ("Ashburn, VA", "US"),
    "fsn1": ("Falkenstein", "DE"),
    "hel1": ("Helsinki", "FI"),
    "hil": ("Hillsboro, OR", "US"),
    "nbg1": ("Nuremberg", "DE"),
    "sin": ("Singapore", "SG"),
}


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What Hetzner offers.

    Attributes:
        locations: The locations.
        types: The locations that have each server type.
        withdrawn: Former server types. They are listed, and available nowhere.
        leaving: Server types whose withdrawal is announced. They are still available.
        sold_out: Pairs of a server type and a location that has none left.
    """

    locations: frozenset[str] = LOCATIONS
    types: Mapping[str, frozenset[str]] = field(default_factory=lambda: SERVER_TYPES)
    withdrawn: frozenset[str] = WITHDRAWN
    leaving: frozenset[str] = frozenset()
    sold_out: frozenset[tuple[str, str]] = frozenset()

    def list_locations(self) -> list[Json]:
        """Return the locations."""
        return [location(name) for name in sorted(self.locations)]

    def list_types(self) -> list[Json]:
        """Return the server types with their availability at each location."""
        return [self._type(name) for name in sorted({*self.types, *self.withdrawn})]

    def _type(self, name: str) -> Json:
        withdrawn = name in self.withdrawn
        deprecation = _PAST if withdrawn else _FUTURE if name in self.leaving else None
        places = [
            {
                "id": location(place)["id"],
                "name": place,
                "recommended": False,
                "available": not withdrawn and (name, place) not in self.sold_out,
                "deprecation": deprecation,
            }
            for place in sorted(self.types.get(name, _EUROPE))
        ]
        return {
            **server_type(name),
            "architecture": "arm" if name.startswith("cax") else "x86",
            "cpu_type": "dedicated" if name.startswith("ccx") else "shared",
            "deprecated": deprecation is not None,
            "deprecation": deprecation,
            "locations": places,
        }


def location(name: str) -> Json:
    """Return a location."""
    city, country = _CITIES[name]
    number = sorted(_CITIES).index(name) + 1
    return {"id": number, "name": name, "city": city, "country": country, "network_zone": network_zone(name)}


def server_type(name: str) -> Json:
    """Return the id and the name of a server type, as far as a server shows them here."""
    return {"id": sorted({*SERVER_TYPES, *WITHDRAWN, name}).index(name) + 1, "name": name}
