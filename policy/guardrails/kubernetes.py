"""Kubernetes objects as the rules see them."""

from typing import Final

from .model import Resource
from .view import View

API: Final = "kubernetes:"
SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token
INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
INGRESS_CLASS: Final = "kubernetes:networking.k8s.io/v1:IngressClass"
HELM_CHART_CONFIG: Final = "kubernetes:helm.cattle.io/v1:HelmChartConfig"
_TRAEFIK: Final = "kubernetes:traefik.io/v1alpha1:"
INGRESS_ROUTE: Final = _TRAEFIK + "IngressRoute"
MIDDLEWARE: Final = _TRAEFIK + "Middleware"
TLS_OPTION: Final = _TRAEFIK + "TLSOption"
TRAEFIK_SERVICE: Final = _TRAEFIK + "TraefikService"
ROUTES_NOT_JUDGED: Final = (
    *(_TRAEFIK + kind for kind in ("IngressRouteTCP", "IngressRouteUDP")),
    *(route + suffix for route in (INGRESS, INGRESS_ROUTE) for suffix in ("Patch", "List")),
)
PATCHES: Final = tuple(
    kind + suffix
    for kind in (MIDDLEWARE, TLS_OPTION, TRAEFIK_SERVICE, HELM_CHART_CONFIG, INGRESS_CLASS)
    for suffix in ("Patch", "List")
)
"""What changes an object that routes rest on without any rule reading the object that comes out."""


def identity(body: View) -> tuple[str, str]:
    """An object's namespace and name; without a namespace it is in `default`.

    Raises:
        NotKnown: when either is not known.
    """
    return body.at("metadata", "namespace").value or "default", body.at("metadata", "name").text()


def identity_of(resource: Resource) -> tuple[str, str]:
    """As `identity`, of a resource."""
    return identity(View(resource.plain))


def annotation(body: View, key: str) -> View:
    """The place of an annotation."""
    return body.at("metadata", "annotations").at(key)
