"""Convert the resources of the policy framework to plain data.

The framework passes proxies, which are neither dicts nor lists, and which raise when an unknown value is read. Its own
serialiser unwraps them, and keeps unknown values and the marks of secrets.
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
"""The prefix of the engine's own keys, which it passes to remediations and not to validations."""


def registered(args: ResourceValidationArgs) -> Resource:
    """Return a resource with the inputs that the program registers."""
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        properties=plain_data(args.props),
        protect=bool(args.opts.protect),
        ignore_changes=tuple(args.opts.ignore_changes),
    )


def standing(item: PolicyResource, registration: Resource | None) -> Resource:
    """Return a resource at the end of a run: the inputs of this run, and for all other properties the outputs.

    Outputs alone are not enough: they are empty if the preview cannot configure the provider yet.

    Args:
        item: The resource as the engine shows it.
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
    """Return proxies as plain data. Secrets are marked if the framework kept the marks."""
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
