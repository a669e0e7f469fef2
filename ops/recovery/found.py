"""What the search for an object gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.recovery.values import Properties


class NotFoundError(Exception):
    """An object is missing, ambiguous, or belongs to something else. The text names the object and its place."""


class DependsOnMissingError(Exception):
    """An object cannot be looked for, because another one that it depends on was not found."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object that exists.

    Attributes:
        id: The id for the import.
        outputs: What the program learns of it.
        inputs: The inputs for the state, None if the provider reads them.
        state: The outputs for the state, None if the provider reads them.
        known_id: The id that the program learns, if it differs from that for the import.
    """

    id: str
    outputs: Properties
    inputs: Properties | None = None
    state: Properties | None = None
    known_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The project and the stack that an object must belong to, as its labels say."""

    project: str
    stack: str

    def check(self, what: str, labels: Mapping[str, str]) -> None:
        """Raise NotFoundError if the labels name another project or stack, or none."""
        for key, wanted in {"project": self.project, "stack": self.stack}.items():
            if labels.get(key) != wanted:
                shown = labels.get(key) or "missing"
                raise NotFoundError(f"{what} belongs to something else: its label {key} is {shown}, not {wanted}")
