"""One type of resource: tables that say what it is like, and the few things that it does in its own way."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sandbox.providers.diffing import Difference, difference, without_order
from sandbox.providers.inputs import inputs as sdk_inputs
from sandbox.providers.refusal import RefusalError
from sandbox.providers.values import UNKNOWN, has_unknown, normal
from sandbox.world import Item, TakenError, World

Plain = dict[str, Any]
Problem = tuple[str, str]
"""A property and what is wrong with it."""

INTERNAL: Final = frozenset({"__defaults", "__internal", "version", "pluginDownloadURL", "pluginChecksums"})


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a creation gives: the id and the outputs."""

    id: str
    outputs: Plain


class Resource:
    """The behaviour of most types. A subclass fills the tables and overrides what its cloud does differently."""

    token: ClassVar[str]
    kind: ClassVar[str]
    """Its kind in the world."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change needs a replacement."""
    computed: ClassVar[frozenset[str]] = frozenset()
    """Inputs that the cloud decides where they are left out; leaving one out later changes nothing."""
    outputs: ClassVar[frozenset[str]] = frozenset()
    """Outputs that are unknown until it is made."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    unordered: ClassVar[frozenset[str]] = frozenset()
    """Lists whose order does not matter."""
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Outputs that are secret of themselves."""
    secret_inputs: ClassVar[frozenset[str]] = frozenset()
    """Inputs that the plugin makes of secret ones, which the engine can't know."""
    unread: ClassVar[frozenset[str]] = frozenset()
    """Outputs that the cloud never returns: a refresh keeps those of the state, and an import has none."""
    remote: ClassVar[bool] = True
    """Whether operations are calls of an API: counted, logged, and liable to faults."""

    def __init__(self, world: World) -> None:
        self.world: Final = world
        self.provider: Final = self.token.partition(":")[0]
        self.compare: Callable[[str, Any, Any], bool] = without_order(self.unordered)

    @property
    def known(self) -> dict[str, bool]:
        """The inputs, and which are required."""
        return sdk_inputs(self.provider)[self.token]

    # What a preview already sees

    def check(self, inputs: Plain, old: Plain, name: str, seed: bytes) -> tuple[Plain, list[Problem]]:
        """The inputs with their defaults, and what is wrong with them."""
        inputs = self.prepared(inputs, old, name, seed)
        given = {key: value for key, value in inputs.items() if key not in INTERNAL}
        problems: list[Problem] = [
            (key, f"an argument named {key!r} is not expected here; known: {', '.join(sorted(self.known))}")
            for key in given
            if key not in self.known
        ]
        problems += [
            (key, f"missing required property '{key}'")
            for key, required in self.known.items()
            if required and given.get(key) is None
        ]
        if not problems:
            problems = list(self.problems(given))
        return inputs, problems

    def prepared(self, inputs: Plain, old: Plain, name: str, seed: bytes) -> Plain:
        """The inputs with what the plugin itself fills in."""
        del old, name, seed
        return inputs

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """What the plugin refuses before the cloud is asked; unknown values must pass."""
        del inputs
        return ()

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """What an update would change."""
        del old_inputs
        return difference(
            state,
            {key: value for key, value in inputs.items() if key not in INTERNAL},
            known=[key for key in self.known if key not in INTERNAL],
            replaces=self.replaces,
            computed=self.computed,
            defaults=self.defaults,
            ignored=ignored,
            compare=self.compare,
        )

    def planned(self, inputs: Plain) -> Plain:
        """The outputs of a creation as far as they can be known before it."""
        given = {key: value for key, value in inputs.items() if key not in INTERNAL}
        return {**dict.fromkeys(self.outputs | self.computed, UNKNOWN), **self.defaults, **self.shown(given)}

    def planned_update(self, state: Plain, inputs: Plain) -> Plain:
        """The outputs of an update as far as they can be known before it."""
        return {**state, **self.changed(state, inputs)}

    # What happens in the cloud

    def create(self, inputs: Plain, urn: str) -> Made:
        """Make it. Raises RefusalError."""
        raise NotImplementedError

    def read(self, identity: str, state: Plain) -> Plain | None:
        """The outputs as they are now; nothing if it is gone."""
        del state
        found = self.world.get(self.kind, identity)
        return None if found is None else self.visible(found)

    def imported(self, identity: str) -> str:
        """The id of the object that an import names. Raises RefusalError."""
        return identity

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Change it; gives the outputs. Raises RefusalError."""
        found = self.standing(identity)
        return self.visible(self.world.put(self.kind, identity, {**found.data, **self.changed(state, inputs)}))

    def delete(self, identity: str, state: Plain) -> None:
        """Remove it; what is gone already is no error, unless the cloud's provider says so. Raises RefusalError."""
        del state
        self.world.delete(self.kind, identity)

    def read_inputs(self, inputs: Plain, outputs: Plain) -> Plain:
        """The inputs as a refresh takes them over: those that the cloud tells differently, in its words."""
        if not [key for key in inputs if key not in INTERNAL]:
            return {key: outputs[key] for key in self.known if normal(outputs.get(key)) is not None}
        return {
            key: inputs[key]
            if key in INTERNAL or key not in outputs or self.compare(key, outputs[key], inputs[key])
            else outputs[key]
            for key in inputs
        }

    def detail(self, inputs: Plain, state: Plain) -> str:
        """What the call log says of it: never a secret."""
        return str(inputs.get("name") or state.get("name") or "")

    # Helpers of subclasses

    def shown(self, inputs: Plain) -> Plain:
        """The inputs as the outputs repeat them."""
        return {key: value for key, value in inputs.items() if key not in INTERNAL}

    def changed(self, state: Plain, inputs: Plain) -> Plain:
        """The outputs that an update sets: what is given, and for what is not its default."""
        kept = {key for key in self.known if key in state and key not in inputs and key not in self.computed}
        return {**{key: self.defaults.get(key) for key in kept}, **self.shown(inputs)}

    def visible(self, item: Item) -> Plain:
        """An object's outputs."""
        return {key: value for key, value in item.data.items() if not key.startswith("_")}

    def standing(self, identity: str) -> Item:
        """The object with this id. Raises RefusalError if there is none."""
        found = self.world.get(self.kind, identity)
        if found is None:
            raise RefusalError(f"{self.kind.replace('_', ' ')} with ID '{identity}' not found (not_found)")
        return found

    def put_new(
        self, identity: str, data: Plain, urn: str, *, name: str = "", scope: str | None = None, place: str = ""
    ) -> Made:
        """Make the object. Raises TakenError if its scope is taken."""
        item = self.world.put(
            self.kind,
            identity,
            data,
            provider=self.provider,
            name=name or identity,
            scope=scope,
            urn=urn,
            place=place,
        )
        return Made(id=identity, outputs=self.visible(item))


def auto_name(inputs: Plain, old: Plain, name: str, seed: bytes, key: str = "name") -> Plain:
    """The inputs with a name made of the resource's own and seven random digits, if they have none.

    The name once made is kept; `__defaults` tells it from a chosen one.
    """
    if inputs.get(key) is not None:
        return {item: value for item, value in inputs.items() if item != "__defaults"}
    made = old.get(key) if key in old.get("__defaults", []) else None
    return {**inputs, key: made or f"{name}-{seed.hex()[:7]}", "__defaults": [key]}


def is_known(value: Any) -> bool:
    """Whether there is a value and all of it is known."""
    return value is not None and not has_unknown(value)


LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")

__all__ = [
    "INTERNAL",
    "LABEL",
    "Made",
    "Plain",
    "Problem",
    "Resource",
    "TakenError",
    "auto_name",
    "is_known",
]
