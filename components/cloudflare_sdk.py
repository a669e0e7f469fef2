"""The five classes of pulumi_cloudflare that the stack uses, without importing the other five hundred.

Importing the package runs 15 MB of generated code, which takes most of the program's own time. This module loads the
five submodules without the package's `__init__`, and with stubs for the modules of nested types, which they do not use.
The results are the SDK's own classes. docs/adr/0002 gives the reasons, and `make bench` measures the gain.
"""

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pulumi_cloudflare import (
        AuthenticatedOriginPullsCertificate,
        AuthenticatedOriginPullsSettings,
        DnsRecord,
        OriginCaCertificate,
        ZoneSetting,
    )

__all__ = [
    "AuthenticatedOriginPullsCertificate",
    "AuthenticatedOriginPullsSettings",
    "DnsRecord",
    "OriginCaCertificate",
    "ZoneSetting",
]

_PACKAGE: Final = "pulumi_cloudflare"
_MODULES: Final = {
    "AuthenticatedOriginPullsCertificate": "authenticated_origin_pulls_certificate",
    "AuthenticatedOriginPullsSettings": "authenticated_origin_pulls_settings",
    "DnsRecord": "dns_record",
    "OriginCaCertificate": "origin_ca_certificate",
    "ZoneSetting": "zone_setting",
}


class _NestedTypes(ModuleType):
    """Replaces a module of nested types. Each type is a plain dict, like every nested value that nothing reads."""

    __all__ = ("DnsRecordDataArgs", "DnsRecordDataArgsDict", "DnsRecordSettingsArgs", "DnsRecordSettingsArgsDict")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return dict


def _load() -> dict[str, Any]:
    if _PACKAGE in sys.modules:
        package = sys.modules[_PACKAGE]
        return {name: getattr(package, name) for name in _MODULES}
    spec = find_spec(_PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(_PACKAGE, name=_PACKAGE)
    bare = module_from_spec(spec)
    stand_ins: dict[str, ModuleType] = {
        _PACKAGE: bare,
        **{f"{_PACKAGE}.{part}": _NestedTypes(f"{_PACKAGE}.{part}") for part in ("_inputs", "outputs")},
    }
    sys.modules.update(stand_ins)
    try:
        bare.__dict__["outputs"] = stand_ins[f"{_PACKAGE}.outputs"]
        return {
            name: getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name) for name, module in _MODULES.items()
        }
    finally:  # so that a later plain import loads the whole package
        for name in stand_ins:
            del sys.modules[name]


if not TYPE_CHECKING:
    globals().update(_load())
