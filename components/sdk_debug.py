"""The SDK's debug lines, which cost every resource some five blocking round trips and are shown with `--debug` only.

They go out on the loop that registers resources, so each holds all others up. A program is not told whether `--debug`
was given; HONEYDUE_SDK_DEBUG=1 keeps them. What it saves is in docs/performance.md.
"""

import os
from typing import Any, Final

import pulumi

VARIABLE: Final = "HONEYDUE_SDK_DEBUG"
SENT: Final = pulumi.log.debug
"""The SDK's own function."""


def drop_debug_lines() -> None:
    """Have the SDK send no debug lines, unless the environment asks for them."""
    pulumi.log.debug = SENT if os.environ.get(VARIABLE) else _unsent


def _unsent(*_args: Any, **_options: Any) -> None:
    """Takes the place of `pulumi.log.debug`."""
