"""The five resources of Cloudflare that the stack uses, as classes of their own instead of pulumi_cloudflare's.

This is the only place where the program avoids a slow part of an SDK:

- Upstream: an import of any class of pulumi_cloudflare runs the package's `__init__`, which imports all of its modules,
  15 MB of generated code. The import takes two seconds.
- Gain: about a fifth of a preview of prod; `make bench` measures it and writes it to docs/performance.md.
- Needed until `test_the_sdk_still_imports_every_module_for_one_class` fails. Then import the SDK's classes instead and
  delete this module; their names and arguments are the same, and so are the resources (docs/adr/0002-imports.md).
"""

import re
from importlib.metadata import version
from typing import Any, ClassVar

import pulumi

__all__ = [
    "AuthenticatedOriginPullsCertificate",
    "AuthenticatedOriginPullsSettings",
    "DnsRecord",
    "OriginCaCertificate",
    "ZoneSetting",
]


class _Resource(pulumi.CustomResource):
    """A resource with the name of its class. Inputs and outputs are snake_case here, as in the SDK."""

    _OUTPUTS: ClassVar[tuple[str, ...]] = ()
    """Outputs that are not inputs."""
    _SECRETS: ClassVar[tuple[str, ...]] = ()
    """Inputs that are secret."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions, **inputs: Any) -> None:
        kind = type(self).__name__
        secrets = {key: pulumi.Output.secret(inputs[key]) for key in self._SECRETS}
        own = pulumi.ResourceOptions(
            version=version("pulumi_cloudflare"),
            additional_secret_outputs=[_camel_case(key) for key in self._SECRETS],
        )
        super().__init__(
            f"cloudflare:index/{kind[0].lower()}{kind[1:]}:{kind}",
            resource_name,
            {**inputs, **secrets, **dict.fromkeys(self._OUTPUTS)},
            pulumi.ResourceOptions.merge(own, opts),
        )

    def translate_input_property(self, prop: str) -> str:
        """Return the provider's name of a property."""
        return _camel_case(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return the name in Python of a property of the provider."""
        return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", prop)


class DnsRecord(_Resource):
    """A record of a zone."""


class ZoneSetting(_Resource):
    """One setting of a zone."""


class OriginCaCertificate(_Resource):
    """A certificate that Cloudflare's origin CA signs."""

    certificate: pulumi.Output[str]
    expires_on: pulumi.Output[str]
    _OUTPUTS = ("certificate", "expires_on")


class AuthenticatedOriginPullsCertificate(_Resource):
    """A client certificate that Cloudflare presents to the origins of a zone."""

    _SECRETS = ("private_key",)


class AuthenticatedOriginPullsSettings(_Resource):
    """The switch of a zone's authenticated origin pulls."""


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)
