"""Values of properties: as the engine's protocol carries them, as plain data, and as an import file holds them."""

import json
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks a special value. Source: pulumi/sdk/go/common/resource/sig."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value that is not known; the SDK writes it for values of every type."""

Properties = dict[str, Any]
"""Properties by name. A secret is an object with SIGNATURE and `value`."""


def from_protocol(message: Struct) -> Properties:
    """Return the properties of a message. A whole number is an int."""
    found: Properties = _whole(MessageToDict(message))
    return found


def to_protocol(properties: Properties) -> Struct:
    """Return the message for properties."""
    return ParseDict(properties, Struct())


def secret(value: Any) -> Properties:
    """Mark a value as secret."""
    return {SIGNATURE: SECRET, "value": plain(value)}


def is_secret(value: Any) -> bool:
    """Return whether a value is marked as secret as a whole."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def plain(value: Any) -> Any:
    """Return the value without the marks of secrets."""
    match value:
        case dict() if is_secret(value):
            return plain(value["value"])
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def is_known(value: Any) -> bool:
    """Return whether no part of a value is unknown."""
    match value:
        case dict():
            return all(map(is_known, value.values()))
        case list():
            return all(map(is_known, value))
        case _:
            return bool(value != UNKNOWN)


def for_file(value: Any) -> Any:
    """Return the value as an import file holds it: a secret as JSON in `plaintext`, which the engine encrypts.

    Source: DeserializeProperties in pulumi/pkg/v3/resource/stack/deployment.go.
    """
    match value:
        case dict() if is_secret(value):
            return {SIGNATURE: SECRET, "plaintext": json.dumps(plain(value["value"]))}
        case dict():
            return {key: for_file(item) for key, item in value.items()}
        case list():
            return [for_file(item) for item in value]
        case _:
            return value


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case _:
            return value
