"""Which inputs each resource has and which it must have, as the installed SDK itself says.

Importing an SDK takes up to 1.6 s, so a plugin is handed the table that was made when it was laid out.
"""

import importlib
import inspect
from collections.abc import Iterable
from typing import Any, Final

PACKAGES: Final[dict[str, str]] = {
    "hcloud": "pulumi_hcloud",
    "cloudflare": "pulumi_cloudflare",
    "kubernetes": "pulumi_kubernetes",
    "command": "pulumi_command",
    "tls": "pulumi_tls",
    "random": "pulumi_random",
}
"""The providers and their SDKs."""

PROVIDER: Final = "pulumi:providers"
"""In place of a token: the provider's own configuration."""

TOKENS: Final[dict[str, tuple[str, ...]]] = {
    "hcloud": (
        "hcloud:index/firewall:Firewall",
        "hcloud:index/network:Network",
        "hcloud:index/networkSubnet:NetworkSubnet",
        "hcloud:index/placementGroup:PlacementGroup",
        "hcloud:index/primaryIp:PrimaryIp",
        "hcloud:index/server:Server",
        "hcloud:index/serverNetwork:ServerNetwork",
        "hcloud:index/sshKey:SshKey",
    ),
    "cloudflare": (
        "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate",
        "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings",
        "cloudflare:index/dnsRecord:DnsRecord",
        "cloudflare:index/originCaCertificate:OriginCaCertificate",
        "cloudflare:index/zoneSetting:ZoneSetting",
    ),
    "kubernetes": (),
    "command": ("command:remote:Command",),
    "tls": (
        "tls:index/certRequest:CertRequest",
        "tls:index/locallySignedCert:LocallySignedCert",
        "tls:index/privateKey:PrivateKey",
        "tls:index/selfSignedCert:SelfSignedCert",
    ),
    "random": ("random:index/randomId:RandomId", "random:index/randomPassword:RandomPassword"),
}
"""The resources that each stand-in knows; the kinds of Kubernetes have a table of their own."""

Table = dict[str, dict[str, bool]]
"""By token: each input, and whether it is required."""

_given: Final[dict[str, Table]] = {}


def inputs(provider: str) -> Table:
    """The inputs of all resources of a provider, and of the provider itself."""
    if provider not in _given:
        _given[provider] = _read(PACKAGES[provider], (PROVIDER, *TOKENS[provider]))
    return _given[provider]


def take(provider: str, table: Table) -> None:
    """Take over a table that was made earlier, so that the SDK need not be imported."""
    _given[provider] = table


def _read(package: str, tokens: Iterable[str]) -> Table:
    module = importlib.import_module(package)
    return {token: _of(_arguments(module, token)) for token in tokens}


def _arguments(module: Any, token: str) -> type:
    """The class of a resource's arguments; where nested arguments have taken its name, it is called InitArgs."""
    if token == PROVIDER:
        found: type = module.ProviderArgs
        return found
    _, path, name = token.split(":")
    home = importlib.import_module(f"{module.__name__}.{path}") if "/" not in path else module
    resource = getattr(home, name)
    own = importlib.import_module(resource.__module__)
    arguments: type = getattr(own, f"{name}InitArgs", None) or getattr(own, f"{name}Args")
    return arguments


def _of(arguments: type) -> dict[str, bool]:
    from pulumi._types import input_type_py_to_pulumi_names  # noqa: PLC0415 - only where the table is made

    names = input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments).parameters
    return {
        names.get(name, name): parameter.default is inspect.Parameter.empty for name, parameter in parameters.items()
    }
