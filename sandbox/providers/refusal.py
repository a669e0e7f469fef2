"""What a stand-in says no with."""

from collections.abc import Mapping
from typing import Any, Final


class RefusalError(Exception):
    """The cloud, or the plugin before it, refuses; the text is what the engine shows."""


class UnfinishedError(RefusalError):
    """Something stands, but never became ready: it goes into the state, and the next update tries again.

    Args:
        text: What the engine shows.
        identity: Its id.
        outputs: Its outputs, none of them secret.
    """

    def __init__(self, text: str, identity: str, outputs: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.identity: Final = identity
        self.outputs: Final = outputs
