"""The kinds of Kubernetes object that the sandbox knows, each with the fields that its API declares.

A field is a type, a list of one schema, a mapping of fields, or `Any` for what the API does not look into. `"*"` stands
for any key. Sources: the API reference of Kubernetes 1.34, Traefik's CRDs of v3.6, helm-controller's HelmChartConfig.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Schema = Any

_TEXTS: Final[Schema] = {"*": str}
_METADATA: Final[Schema] = {
    "name": str,
    "namespace": str,
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "finalizers": [str],
    **dict.fromkeys(("creationTimestamp", "resourceVersion", "uid"), str),
    "generation": int,
}
_BACKEND: Final[Schema] = {
    "service": {"name": str, "port": {"name": str, "number": int}},
    "resource": {"apiGroup": str, "kind": str, "name": str},
}
_INGRESS: Final[Schema] = {
    "ingressClassName": str,
    "defaultBackend": _BACKEND,
    "rules": [{"host": str, "http": {"paths": [{"path": str, "pathType": str, "backend": _BACKEND}]}}],
    "tls": [{"hosts": [str], "secretName": str}],
}
_IP_STRATEGY: Final[Schema] = {"depth": int, "excludedIPs": [str], "ipv6Subnet": int}
_HEADERS: Final[Schema] = {
    **dict.fromkeys(("customRequestHeaders", "customResponseHeaders", "sslProxyHeaders"), _TEXTS),
    "accessControlAllowHeaders": [str],
    "accessControlAllowMethods": [str],
    "accessControlAllowOriginList": [str],
    "accessControlExposeHeaders": [str],
    "allowedHosts": [str],
    "hostsProxyHeaders": [str],
    **dict.fromkeys(
        (
            "accessControlAllowCredentials",
            "addVaryHeader",
            "browserXssFilter",
            "contentTypeNosniff",
            "forceSTSHeader",
            "frameDeny",
            "isDevelopment",
            "stsIncludeSubdomains",
            "stsPreload",
        ),
        bool,
    ),
    **dict.fromkeys(
        (
            "contentSecurityPolicy",
            "contentSecurityPolicyReportOnly",
            "customBrowserXSSValue",
            "customFrameOptionsValue",
            "permissionsPolicy",
            "publicKey",
            "referrerPolicy",
        ),
        str,
    ),
    **dict.fromkeys(("accessControlMaxAge", "stsSeconds"), int),
}
_MIDDLEWARE: Final[Schema] = {
    "basicAuth": {"secret": str, "realm": str, "removeHeader": bool, "headerField": str},
    "chain": {"middlewares": [{"name": str, "namespace": str}]},
    "compress": Any,
    "headers": _HEADERS,
    "inFlightReq": {"amount": int, "sourceCriterion": Any},
    "ipAllowList": {"sourceRange": [str], "ipStrategy": _IP_STRATEGY, "rejectStatusCode": int},
    "rateLimit": {
        "average": int,
        "burst": int,
        "period": (str, int),
        "sourceCriterion": {"ipStrategy": _IP_STRATEGY, "requestHeaderName": str, "requestHost": bool},
        "redis": Any,
    },
    "redirectScheme": {"scheme": str, "permanent": bool, "port": str},
    "retry": {"attempts": int, "initialInterval": (str, int)},
    "stripPrefix": {"prefixes": [str]},
}
_STICKY: Final[Schema] = {
    "cookie": {
        **dict.fromkeys(("domain", "name", "path", "sameSite"), str),
        **dict.fromkeys(("httpOnly", "secure"), bool),
        "maxAge": int,
    }
}
_SERVICE: Final[Schema] = {
    **dict.fromkeys(("kind", "name", "namespace", "scheme", "serversTransport", "strategy"), str),
    **dict.fromkeys(("nativeLB", "nodePortLB", "passHostHeader"), bool),
    "port": (int, str),
    "sticky": _STICKY,
    "weight": int,
    **dict.fromkeys(("healthCheck", "passiveHealthCheck", "responseForwarding"), Any),
}
_ROUTE: Final[Schema] = {
    "kind": str,
    "match": str,
    "middlewares": [{"name": str, "namespace": str}],
    "observability": Any,
    "priority": int,
    "services": [_SERVICE],
    "syntax": str,
}
_INGRESS_ROUTE: Final[Schema] = {
    "entryPoints": [str],
    "parentRefs": [{"name": str, "namespace": str}],
    "routes": [_ROUTE],
    "tls": {
        "certResolver": str,
        "domains": [{"main": str, "sans": [str]}],
        "options": {"name": str, "namespace": str},
        "secretName": str,
        "store": {"name": str, "namespace": str},
    },
}
_TLS_OPTION: Final[Schema] = {
    "alpnProtocols": [str],
    "cipherSuites": [str],
    "curvePreferences": [str],
    "clientAuth": {"clientAuthType": str, "secretNames": [str]},
    **dict.fromkeys(("disableSessionTickets", "preferServerCipherSuites", "sniStrict"), bool),
    **dict.fromkeys(("maxVersion", "minVersion"), str),
}
_TRAEFIK_SERVICE: Final[Schema] = {
    "weighted": {"services": [_SERVICE], "sticky": _STICKY},
    "mirroring": Any,
    "highestRandomWeight": Any,
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object."""

    api_version: str
    kind: str
    plural: str
    body: Mapping[str, Schema]
    """Its fields beside apiVersion, kind, metadata and status."""
    namespaced: bool = True
    required: frozenset[str] = field(default_factory=frozenset)
    """Fields of `spec` that must be there."""

    @property
    def token(self) -> str:
        """The Pulumi type."""
        group = self.api_version if "/" in self.api_version else f"core/{self.api_version}"
        return f"kubernetes:{group}:{self.kind}"

    @property
    def resource(self) -> str:
        """As the API server names it in its errors."""
        group = self.api_version.partition("/")[0] if "/" in self.api_version else ""
        return f"{self.plural}.{group}".rstrip(".")

    def refusals(self, manifest: Mapping[str, Any]) -> Iterator[str]:
        """What a strict API server says against a manifest."""
        shape = {"apiVersion": str, "kind": str, "metadata": _METADATA, "status": Any, **self.body}
        yield from _strangers("", manifest, shape)
        spec = manifest.get("spec") or {}
        yield from (f"spec.{key}: Required value" for key in sorted(self.required - set(spec)))


def _spec(schema: Schema) -> dict[str, Schema]:
    return {"spec": schema}


_TRAEFIK: Final = "traefik.io/v1alpha1"
_SECRET: Final[Schema] = {"type": str, "data": _TEXTS, "stringData": _TEXTS, "immutable": bool}
_CHART_CONFIG: Final[Schema] = {
    "valuesContent": str,
    "failurePolicy": str,
    "valuesSecrets": [{"name": str, "keys": [str], "ignoreUpdates": bool}],
}

KINDS: Final = (
    Kind(api_version="v1", kind="Namespace", plural="namespaces", body=_spec(Any), namespaced=False),
    Kind(api_version="v1", kind="Secret", plural="secrets", body=_SECRET),
    Kind(api_version="networking.k8s.io/v1", kind="Ingress", plural="ingresses", body=_spec(_INGRESS)),
    Kind(
        api_version="networking.k8s.io/v1",
        kind="IngressClass",
        plural="ingressclasses",
        body=_spec({"controller": str, "parameters": Any}),
        namespaced=False,
    ),
    Kind(api_version="helm.cattle.io/v1", kind="HelmChartConfig", plural="helmchartconfigs", body=_spec(_CHART_CONFIG)),
    Kind(api_version=_TRAEFIK, kind="Middleware", plural="middlewares", body=_spec(_MIDDLEWARE)),
    Kind(api_version=_TRAEFIK, kind="TLSOption", plural="tlsoptions", body=_spec(_TLS_OPTION)),
    Kind(
        api_version=_TRAEFIK,
        kind="IngressRoute",
        plural="ingressroutes",
        body=_spec(_INGRESS_ROUTE),
        required=frozenset({"routes"}),
    ),
    Kind(api_version=_TRAEFIK, kind="TraefikService", plural="traefikservices", body=_spec(_TRAEFIK_SERVICE)),
)


def _strangers(path: str, value: Any, schema: Schema) -> Iterator[str]:
    """Fields that the schema does not declare, and values of another type."""
    if schema is Any or value is None:
        return
    if isinstance(schema, Mapping):
        if not isinstance(value, Mapping):
            yield f"{path}: expected map, got {type(value).__name__}"
            return
        for key, item in value.items():
            if key not in schema and "*" not in schema:
                yield f"{path}.{key}: field not declared in schema"
            else:
                yield from _strangers(f"{path}.{key}", item, schema.get(key, schema.get("*")))
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield f"{path}: expected list, got {type(value).__name__}"
            return
        for index, item in enumerate(value):
            yield from _strangers(f"{path}[{index}]", item, schema[0])
    elif not isinstance(value, schema) or (isinstance(value, bool) and schema is not bool):
        yield f"{path}: expected {getattr(schema, '__name__', 'text or number')}, got {type(value).__name__}"
