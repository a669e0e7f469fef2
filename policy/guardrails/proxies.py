"""The policy framework's resources as the rules' plain data.

The framework hands out proxies that are neither dicts nor lists and that raise at an unknown value; its own serialiser
unwraps them, unknown values and the marks of secrets included.
"""

from collections.abc import Mapping
from typing import Any, Final

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy import deserialize as wire
from pulumi_policy import proxy as unknowns

from .model import UNKNOWN, Resource, Secret

_UNKNOWNS: Final = frozenset(
    value for name, value in vars(unknowns).items() if name.startswith("UNKNOWN_") and name.endswith("_VALUE")
)
_INTERNAL: Final = "__"
"""What the engine's own keys begin with; it shows them to remediations and hides them from validations."""


def registered(args: ResourceValidationArgs) -> Resource:
    """A resource as the program registers it: its inputs."""
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        properties=plain_data(args.props),
        protect=bool(args.opts.protect),
        ignore_changes=tuple(args.opts.ignore_changes),
    )


def standing(item: PolicyResource, registration: Resource | None) -> Resource:
    """A resource as the engine shows it at the end: what the program says of it and, for all else, its outputs.

    Outputs alone would not do: under a provider that a preview can't configure yet, they are empty.

    Args:
        item: The engine's view.
        registration: The same resource as it was registered in this run.
    """
    said = registration.plain if registration else {}
    outputs = plain_data(item.props)
    return Resource(
        urn=item.urn,
        type=item.resource_type,
        name=item.name,
        properties={**said, **outputs, **{key: value for key, value in said.items() if value is not UNKNOWN}},
        protect=bool(item.opts.protect),
        ignore_changes=tuple(item.opts.ignore_changes),
        depends={key: frozenset(one.urn for one in made_from) for key, made_from in item.property_dependencies.items()},
    )


def plain_data(props: Any) -> dict[str, Any]:
    """The framework's proxies as plain data; secrets are marked where the framework kept the marks."""
    return dict(_converted(wire.serialize_properties(props)))


def _converted(value: Any) -> Any:
    match value:
        case str():
            return UNKNOWN if value in _UNKNOWNS else value
        case float() if value.is_integer():
            return int(value)  # on the wire every number is a float
        case list():
            return [_converted(item) for item in value]
        case Mapping() if value.get(wire.SPECIAL_SIG_KEY) == wire.SPECIAL_SECRET_SIG:
            return Secret(_converted(value["value"]))
        case Mapping():
            own = (key for key in value if key != wire.SPECIAL_SIG_KEY and not str(key).startswith(_INTERNAL))
            return {key: _converted(value[key]) for key in own}
        case _:
            return value
