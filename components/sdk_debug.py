"""What the SDK tells for debugging it, at a price that every resource pays: left out unless it is asked for.

- Debug lines: some five blocking round trips a resource, on the loop that registers all of them, shown with `--debug`
  only. A program is not told whether that was given.
- The whole stack at each registration, some thirty frames, each looked for on the disk: the engine keeps the position
  of the line that made the resource, and that one still goes out.

HONEYDUE_SDK_DEBUG=1 keeps both. What it saves is in docs/performance.md.
"""

import os
import sys
import traceback
from types import FrameType, SimpleNamespace
from typing import Any, Final

import pulumi
import pulumi.runtime.resource as registering

VARIABLE: Final = "HONEYDUE_SDK_DEBUG"
SENT: Final = pulumi.log.debug
"""The SDK's own function."""
NEAREST: Final = 10
"""Frames: the SDK's four or five up to a resource's constructor, its wrappers, and the line that called it."""


def leave_out_debugging() -> None:
    """Have the SDK send no debug lines and short stacks, unless the environment asks for them."""
    wanted = bool(os.environ.get(VARIABLE))
    pulumi.log.debug = SENT if wanted else _unsent
    vars(registering)["traceback"] = traceback if wanted else _SHORT


def _unsent(*_args: Any, **_options: Any) -> None:
    """Takes the place of `pulumi.log.debug`."""


def _nearest() -> list[traceback.FrameSummary]:
    """The frames nearest to the caller, the nearest last, as `traceback.extract_stack` gives all of them."""
    frames: list[traceback.FrameSummary] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what traceback itself begins with
    while frame and len(frames) < NEAREST:
        frames.append(
            traceback.FrameSummary(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, lookup_line=False)
        )
        frame = frame.f_back
    return frames[::-1]


_SHORT: Final = SimpleNamespace(**{**vars(traceback), "extract_stack": _nearest})
"""Takes the place of `traceback` where resources are registered."""
