"""A stand-in asked as the engine asks it, over a world of the test's own: check, diff, create, update, delete."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.providers.base import StandIn
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain


@dataclass
class Standing:
    """A resource that was made: its id, what the engine knows of it, and what was asked for."""

    urn: str
    id: str
    inputs: Plain
    state: Plain


@dataclass
class Plugin:
    """One stand-in."""

    stand_in: StandIn
    seed: bytes = field(default=b"0123456789abcdef")

    def checked(self, token: str, name: str, inputs: Plain, old: Plain | None = None) -> Plain:
        """The inputs as the plugin completes them; it must find nothing wrong."""
        found, _, problems = self.stand_in.check(urn(token, name), inputs, old or {}, self.seed)
        assert problems == [], problems
        return found

    def problems(self, token: str, **inputs: Any) -> list[str]:
        """What a preview refuses already."""
        return [text for _, text in self.stand_in.check(urn(token, "it"), inputs, {}, self.seed)[2]]

    def make(self, token: str, name: str = "it", /, **inputs: Any) -> Standing:
        """Make it; a preview of it must pass."""
        checked = self.checked(token, name, inputs)
        where = urn(token, name)
        self.stand_in.create(where, checked, preview=True)
        made, _ = self.stand_in.create(where, checked, preview=False)
        return Standing(urn=where, id=made.id, inputs=checked, state=made.outputs)

    def refused(self, token: str, name: str = "it", /, **inputs: Any) -> str:
        """Why it can't be made, though its preview passes."""
        with pytest.raises(RefusalError) as caught:
            self.make(token, name, **inputs)
        return str(caught.value)

    def diff(self, item: Standing, **changes: Any) -> tuple[set[str], set[str], bool]:
        """What changes, what of it replaces, and whether the old one goes first; None takes an input out."""
        difference = self.stand_in.difference(
            item.urn, state=item.state, old_inputs=item.inputs, inputs=self._changed(item, changes), ignored=[]
        )
        return set(difference.changed), set(difference.replacing), bool(difference.delete_first)

    def update(self, item: Standing, **changes: Any) -> None:
        """Change it in place."""
        inputs = self._changed(item, changes)
        item.state, _ = self.stand_in.update(item.urn, item.id, item.state, inputs, preview=False)
        item.inputs = inputs

    def refresh(self, item: Standing) -> bool:
        """Take over what stands; whether it is still there."""
        found = self.stand_in.read(item.urn, item.id, item.state, item.inputs)
        if found is not None:
            item.state, item.inputs, _ = found
        return found is not None

    def imported(self, item: Standing, identity: str) -> Standing:
        """The same resource as `pulumi import` brings it into a state."""
        number = self.stand_in.imported(item.urn, identity)
        found = self.stand_in.read(item.urn, number, {}, {})
        assert found is not None, f"{identity} does not exist"
        state, inputs, _ = found
        return Standing(urn=item.urn, id=number, inputs=inputs, state=state)

    def wanted(self, item: Standing, found: Standing) -> tuple[set[str], set[str]]:
        """What changes when the program's resource meets an imported one, and what of it replaces."""
        difference = self.stand_in.difference(
            item.urn, state=found.state, old_inputs=found.inputs, inputs=item.inputs, ignored=[]
        )
        return set(difference.changed), set(difference.replacing)

    def delete(self, item: Standing) -> None:
        """Remove it."""
        self.stand_in.delete(item.urn, item.id, item.state)

    def _changed(self, item: Standing, changes: Plain) -> Plain:
        wanted = {**item.inputs, **changes}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        name = item.urn.rpartition("::")[2]
        return self.checked(item.urn.split("::")[2], name, wanted, item.inputs)


def urn(token: str, name: str) -> str:
    """A resource's URN."""
    return f"urn:pulumi:test::honeydue::{token}::{name}"


def unchanged(difference: tuple[set[str], set[str], bool]) -> bool:
    """Whether a preview would say `same`."""
    return not difference[0]
