"""Where it is noted which resource made which object of a real cluster.

A create that was killed is found by this note; whether the object came into being, the refresh then asks the cluster.
"""

from typing import Final

from sandbox.providers.kubernetes_kinds import Kind
from sandbox.providers.kubernetes_recorded import world_kind
from sandbox.world import World

PLACE: Final = "cluster"
"""Of the notes in the world."""


class Ledger:
    """The notes; without a world there are none."""

    def __init__(self, world: World | None = None) -> None:
        self._world: Final = world

    def begins(self, kind: Kind, identity: str, urn: str) -> None:
        """The object is about to be made; one that another resource has made stays its own."""
        if self._world is not None and self._world.get(world_kind(kind), identity, place=PLACE) is None:
            name = identity.rpartition("/")[2]
            self._world.put(world_kind(kind), identity, {}, place=PLACE, provider="kubernetes", name=name, urn=urn)

    def ended(self, kind: Kind, identity: str, urn: str | None = None) -> None:
        """The object is not there, or no more; with a URN, only that resource's note is torn out."""
        if self._world is None:
            return
        noted = self._world.get(world_kind(kind), identity, place=PLACE)
        if noted is not None and urn in (None, noted.urn):
            self._world.delete(world_kind(kind), identity, place=PLACE)
