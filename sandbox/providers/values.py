"""Properties as the engine sends them, as plain Python, and back: JSON, or the engine's text for what it can't know."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

Plain = dict[str, Any]

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known yet. Source: Pulumi's resource protocol."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's own mark, no secret
_TRUE: Final = {True: "true", False: "false"}


def plain_map(struct: Struct) -> Plain:
    """Properties by name, without secrecy."""
    return {key: plain(value) for key, value in struct.fields.items()}


def plain(value: Value) -> Any:
    """The value without secrecy; whole numbers are integers."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _revealed(plain_map(value.struct_value))
    found = None if kind in (None, "null_value") else getattr(value, kind)
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _revealed(found: Plain) -> Any:
    if _SIGNATURE not in found:
        return found
    if found[_SIGNATURE] == _SECRET:
        return found["value"]
    raise TypeError("the sandbox takes no asset and no resource as a property")


def wrapped_map(values: Mapping[str, Any], secrets: Collection[str] = ()) -> Struct:
    """Properties by name, those of `secrets` as secrets."""
    return Struct(
        fields={key: wrapped(value, secret=key in secrets and value is not None) for key, value in values.items()}
    )


def wrapped(value: Any, *, secret: bool = False) -> Value:
    """The value as the engine takes it."""
    if secret:
        return wrapped({_SIGNATURE: _SECRET, "value": value})
    if isinstance(value, Mapping):
        return Value(struct_value=Struct(fields={str(key): wrapped(item) for key, item in value.items()}))
    if isinstance(value, list | tuple):
        return Value(list_value=ListValue(values=[wrapped(item) for item in value]))
    if value is None:
        return Value(null_value="NULL_VALUE")
    if isinstance(value, bool):
        return Value(bool_value=value)
    return Value(number_value=value) if isinstance(value, int | float) else Value(string_value=str(value))


def has_unknown(value: Any) -> bool:
    """Whether any part of it is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return isinstance(value, str) and value == UNKNOWN


def normal(value: Any) -> Any:
    """What two spellings of one value have in common: nothing and empty are the same, and so are 1 and "1"."""
    if isinstance(value, Mapping):
        return {key: found for key, item in value.items() if (found := normal(item)) is not None} or None
    if isinstance(value, list | tuple):
        return [normal(item) for item in value] or None
    if isinstance(value, bool):
        return _TRUE[value]
    return None if value is None or value == "" else str(value)
