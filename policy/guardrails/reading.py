"""Each resource is read from the wire once, not once for every policy.

The framework parses all resources of the stack anew for each policy, which is most of what the pack costs. It builds
fresh values from what its parser yields and changes nothing of that, so the same parse serves all. Measured in
docs/performance.md.
"""

from functools import lru_cache
from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from pulumi_policy import policy as framework

_KEPT: Final = 4096
"""Parsed messages, so that a stack of a thousand hosts is read once too."""


class _Reader:
    """Stands in for the framework's `json_format`, of which it uses this one function."""

    @staticmethod
    def MessageToDict(message: struct_pb2.Struct) -> dict[str, Any]:  # noqa: N802 - the replaced function's name
        """The message as plain data, which its reader must not change."""
        return _parsed(message.SerializeToString(deterministic=True))


@lru_cache(maxsize=_KEPT)
def _parsed(data: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = json_format.MessageToDict(struct_pb2.Struct.FromString(data))
    return parsed


def read_once() -> None:
    """Have the framework read each message once."""
    vars(framework)["json_format"] = _Reader
