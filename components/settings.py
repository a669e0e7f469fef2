"""The schema of a stack file: the type, the allowed values and the default of each key.

Field names are snake_case here and camelCase in the file (`privateIp`). Each model is frozen and refuses unknown keys.
Pulumi.yaml describes each key for operators.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from components.catalogue import IMAGES, SERVER_TYPES, Location
from components.operators import check_list, check_range
from components.versions import K3S_RELEASES


def _matching(pattern: str, allowed: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {allowed}")
        return text

    return AfterValidator(check)


def _one_of(names: Any, what: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in names:
            raise ValueError(f"not a known {what}; allowed: {', '.join(sorted(names))}")
        return text

    return AfterValidator(check)


def _network(value: Any) -> Any:
    """Parse a CIDR. It must have no host bits, because with them the provider would replace the network."""
    try:
        return ip_network(str(value))  # as text, because a number would be read as an address
    except ValueError as error:
        raise ValueError(f"{error}; use an address range such as 10.0.0.0/16") from error


def _address(value: Any) -> Any:
    try:
        return ip_address(str(value))
    except ValueError as error:
        raise ValueError("must be an IPv4 address such as 10.0.1.11") from error


def _installer(url: str) -> str:
    """Check the URL. The script runs as root, so nobody on the way may be able to change it."""
    parts = urlsplit(url)
    try:
        private = parts.scheme == "http" and not ip_address(parts.hostname or "").is_global
    except ValueError:  # a host name
        private = False
    if re.search(r"\s", url) or not parts.hostname or not (private or parts.scheme == "https"):
        raise ValueError("must be an https URL, or an http URL with an IP address that is not public")
    return url


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports a ValueError with the other problems
    return value


DnsLabel = Annotated[str, _matching(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a DNS label: a-z, 0-9, and '-' inside")]
NamespaceName = Annotated[
    str,
    _matching(
        r"(?!default$|kube-)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "a DNS label other than default and kube-*, which are Kubernetes' own namespaces",
    ),
]
ServiceName = Annotated[
    str, _matching(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "a Service name: a letter, then a-z, 0-9, and '-' inside")
]
UserName = Annotated[
    str,
    _matching(r"(?!root$)[a-z]([-a-z0-9]{0,30}[a-z0-9])?", "a user name other than root: a letter, a-z, 0-9, '-'"),
]
Number = Annotated[int, BeforeValidator(_number)]
HostName = Annotated[
    str,
    _matching(
        r"(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "a lower-case DNS name such as a.example.com",
    ),
]
Network4 = Annotated[IPv4Network, BeforeValidator(_network)]
Operator = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), AfterValidator(check_range)]
ServerType = Annotated[str, _one_of(SERVER_TYPES, "server type")]
PemCertificate = Annotated[
    str,
    _matching(r"\s*-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*", "a PEM certificate"),
]


class Middleware(StrEnum):
    """The middlewares of the design, by the names that routes use."""

    RATE_LIMIT = "rate-limit"
    SECURITY_HEADERS = "security-headers"
    CLOUDFLARE_ONLY = "cloudflare-only"
    ADMIN_AUTH = "admin-auth"


MiddlewareName = Annotated[str, _one_of([str(name) for name in Middleware], "middleware")]
DEFAULT_MIDDLEWARES: Final = (Middleware.CLOUDFLARE_ONLY, Middleware.RATE_LIMIT, Middleware.SECURITY_HEADERS)


def _to_camel(name: str) -> str:
    """Convert `k3s_version` to `k3sVersion`; pydantic's own generator returns k3SVersion."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Model(BaseModel):
    """A frozen model that refuses unknown keys; its keys are camelCase in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_to_camel, populate_by_name=True)

    @classmethod
    def keys(cls) -> dict[str, type["Model"] | None]:
        """Return the keys as a stack file spells them, each with the model of its value, if it has one."""
        return {_to_camel(name): _model_in(field.annotation) for name, field in cls.model_fields.items()}


def _model_in(annotation: Any) -> type[Model] | None:
    """Return the model of a field, of its elements, or of its optional value."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


class Server(Model):
    """One server of the fleet."""

    name: DnsLabel
    private_ip: Annotated[IPv4Address, BeforeValidator(_address)]
    role: Literal["server", "agent"] = "server"
    ingress: bool = True
    server_type: ServerType | None = None


class Canary(Model):
    """A second service that gets `weight` percent of a route's requests."""

    service: ServiceName
    port: Annotated[Number, Field(ge=1, le=65535)] | None = None
    weight: Annotated[Number, Field(ge=1, le=99)]


class Route(Model):
    """Hosts, and the Service that answers their requests.

    `admin` marks a route for administrators. It must have admin-auth, and so must every other route to its Service.
    """

    name: DnsLabel
    hosts: Annotated[tuple[HostName, ...], Field(min_length=1)]
    service: ServiceName
    port: Annotated[Number, Field(ge=1, le=65535)]
    ingress_class: DnsLabel = "traefik"
    middlewares: Annotated[tuple[MiddlewareName, ...], Field(min_length=1)] = tuple(map(str, DEFAULT_MIDDLEWARES))
    admin: bool = False
    sticky: DnsLabel | None = None
    canary: Canary | None = None
    client_certificates: Annotated[tuple[PemCertificate, ...], Field(min_length=1)] | None = None

    @property
    def needs_ingress_route(self) -> bool:
        """Whether the route needs Traefik's IngressRoute, because a standard Ingress cannot express it."""
        return self.sticky is not None or self.canary is not None


class IngressClass(Model):
    """An ingress class, and the middlewares that all its routes must have."""

    name: DnsLabel
    required_middlewares: tuple[MiddlewareName, ...] = ()


class CloudflareRanges(Model):
    """The source of Cloudflare's ranges: the repository's snapshot, the live list, or the list given here."""

    source: Literal["snapshot", "live", "list"] = "snapshot"
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()


class OriginCertificate(Model):
    """The origin certificate. A higher `generation` creates a new key and certificate, then revokes the old one."""

    generation: Annotated[Number, Field(ge=1)] = 1
    validity_days: Literal[7, 30, 90, 365, 730, 1095, 5475] = 5475


class Kubeconfig(Model):
    """The stack's kubeconfigs. A higher `generation` reads them again, with k3s' latest certificates."""

    generation: Annotated[Number, Field(ge=1)] = 1


class OriginPulls(Model):
    """Authenticated origin pulls: offered (Cloudflare presents our certificate), required (Traefik demands it).

    Only a teardown switches them off, because port 443 is open to every customer of Cloudflare.
    """

    mode: Literal["offered", "required"] = "required"
    generation: Annotated[Number, Field(ge=1)] = 1


class RateLimit(Model):
    """Requests per second and client, on each node. A burst over twice the average would never limit requests."""

    average: Annotated[Number, Field(ge=1, le=10_000)] = 20
    burst: Annotated[Number, Field(ge=1, le=20_000)] = 40

    @model_validator(mode="after")
    def _limits(self) -> Self:
        if self.burst > 2 * self.average:
            raise ValueError(
                f"a burst of {self.burst} would never limit requests; use at most {2 * self.average}, twice the average"
            )
        return self


class Settings(Model):
    """All keys of a stack file except the secrets."""

    zone: HostName
    location: Location = Location.NUREMBERG
    server_type: ServerType = "cx33"
    image: Annotated[str, _one_of(IMAGES, "image")] = "ubuntu-24.04"
    network_range: Network4 = IPv4Network("10.0.0.0/16")
    subnet_range: Network4 = IPv4Network("10.0.1.0/24")
    servers: tuple[Server, ...]
    operators: Annotated[tuple[Operator, ...], AfterValidator(check_list)]
    user: UserName = "deploy"
    k3s_version: Annotated[str, _one_of(K3S_RELEASES, "k3s release with a validated Traefik chart")] = "v1.34.6+k3s1"
    k3s_installer: Annotated[str, AfterValidator(_installer)] | None = None
    kubeconfig: Kubeconfig = Kubeconfig()
    api_node: DnsLabel | None = None
    replacing: DnsLabel | None = None
    teardown: bool = False
    cloudflare_ranges: CloudflareRanges = CloudflareRanges()
    origin_certificate: OriginCertificate = OriginCertificate()
    origin_pulls: OriginPulls = OriginPulls()
    min_tls_version: Literal["1.2", "1.3"] = "1.2"
    namespace: NamespaceName = "honeydue"
    rate_limit: RateLimit = RateLimit()
    ingress_classes: tuple[IngressClass, ...] = (IngressClass(name="traefik"),)
    routes: tuple[Route, ...]

    @property
    def hosts(self) -> list[str]:
        """The hosts of all routes, sorted."""
        return sorted(host for route in self.routes for host in route.hosts)

    @property
    def api_server(self) -> Server:
        """The control plane that the kubeconfig points to, and that evicts other nodes."""
        return next(
            server for server in self.servers if self.api_node in (server.name, None) and server.role == "server"
        )

    @property
    def installer(self) -> str:
        """The URL of k3s' installer. The default uses the tag of the release, so that the script never changes."""
        tag = self.k3s_version.replace("+", "%2B")
        return self.k3s_installer or f"https://raw.githubusercontent.com/k3s-io/k3s/{tag}/install.sh"

    @property
    def pulls_offered(self) -> bool:
        """Whether Cloudflare presents our certificate. A teardown switches it off, because a deletion would not."""
        return not self.teardown

    @property
    def pulls_required(self) -> bool:
        """Whether Traefik refuses clients without that certificate."""
        return self.origin_pulls.mode == "required" and not self.teardown
