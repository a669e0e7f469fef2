"""Switch off debugging output of the SDK that slows down every resource.

- Debug lines take about five blocking round trips per resource, on the loop that registers all resources. Pulumi shows
  them only with `--debug`, and a program cannot find out whether that is set.
- Each registration records the whole stack, some thirty frames, and looks for each on the disk. The engine uses only
  the line that created the resource, which is still sent.

HONEYDUE_SDK_DEBUG=1 keeps both. docs/performance.md shows the gain.
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
"""Number of frames: four or five of the SDK up to a resource's constructor, its wrappers, and the calling line."""


def leave_out_debugging() -> None:
    """Stop debug lines and shorten stacks, unless HONEYDUE_SDK_DEBUG is set."""
    wanted = bool(os.environ.get(VARIABLE))
    pulumi.log.debug = SENT if wanted else _unsent
    vars(registering)["traceback"] = traceback if wanted else _SHORT


def _unsent(*_args: Any, **_options: Any) -> None:
    """Replace `pulumi.log.debug`, and do nothing."""


def _nearest() -> list[traceback.FrameSummary]:
    """Return the frames nearest to the caller, the nearest last, in the format of `traceback.extract_stack`."""
    frames: list[traceback.FrameSummary] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - traceback itself starts with it
    while frame and len(frames) < NEAREST:
        frames.append(
            traceback.FrameSummary(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, lookup_line=False)
        )
        frame = frame.f_back
    return frames[::-1]


_SHORT: Final = SimpleNamespace(**{**vars(traceback), "extract_stack": _nearest})
"""Replaces `traceback` in the module that registers resources."""
