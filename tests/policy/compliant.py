"""A small stack that breaks no rule, as plain data, and the tools to break one thing in it."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import yaml

from guardrails import Resource, Secret
from guardrails.ranges import snapshot

CLOUDFLARE: Final = sorted(map(str, snapshot()))
NODES: Final = ("node1", "node2", "node3")
HOSTS: Final = ("admin.example.com", "api.example.com", "new.example.com")
PREFIX: Final = "traefik.ingress.kubernetes.io/router."

ABSENT: Final = object()
"""Put in a value's place, it takes the value away."""

Path = Sequence[str | int]


def urn(type_: str, name: str) -> str:
    """A URN like the engine's."""
    return f"urn:pulumi:test::honeydue::{type_}::{name}"


def resource(type_: str, name: str, properties: dict[str, Any], **options: Any) -> Resource:
    """A resource of the fixture."""
    return Resource(urn=urn(type_, name), type=type_, name=name, properties=properties, **options)


def stack() -> list[Resource]:
    """Three nodes, their firewalls and addresses, DNS, certificates, Traefik and three routes."""
    return [*_cloud(), *_cloudflare(), *_certificates(), *_kubernetes(), *_routes()]


def _cloud() -> list[Resource]:
    rules = [
        {"direction": "in", "protocol": "tcp", "port": port, "sourceIps": sources, "description": "fixture"}
        for ports, sources in ((("22", "6443"), ["198.51.100.7/32"]), (("80", "443"), CLOUDFLARE))
        for port in ports
    ]
    found = [resource("hcloud:index/firewall:Firewall", "firewall", {"name": "edge", "rules": rules})]
    for index, node in enumerate(NODES, start=1):
        found += _node(node, index)
    return found


def _node(node: str, index: int) -> list[Resource]:
    addresses = [
        resource(
            "hcloud:index/primaryIp:PrimaryIp",
            f"{node}-{family}",
            {"type": family, "autoDelete": False, "ipAddress": address, "labels": {}},
            protect=True,
        )
        for family, address in (("ipv4", f"192.0.2.{index}"), ("ipv6", f"2001:db8:{index}::"))
    ]
    server = resource(
        "hcloud:index/server:Server",
        node,
        {
            "name": node,
            "labels": {"role": "server", "ingress": "true"},
            "firewallIds": [1],
            "publicNets": [{"ipv4": 10 + index, "ipv6": 20 + index}],
        },
        protect=True,
        depends={
            "publicNets": frozenset(address.urn for address in addresses),
            "firewallIds": frozenset({urn("hcloud:index/firewall:Firewall", "firewall")}),
        },
    )
    apply = resource(
        "command:remote:Command",
        f"{node}-ufw",
        {
            "connection": Secret({"host": f"192.0.2.{index}", "privateKey": "key"}),
            "create": "sudo python3 /usr/local/lib/honeydue/ufw-0123456789abcdef.py apply",
            "stdin": json.dumps({"ufw": ufw_policy()}),
        },
        depends={"triggers": frozenset({server.urn})},
    )
    return [*addresses, server, apply]


def ufw_policy() -> dict[str, Any]:
    """A policy that UFW may be brought to."""
    rules = [
        *[{"from": source, "port": port, "proto": "tcp"} for port in ("443", "80") for source in CLOUDFLARE],
        *[{"from": "198.51.100.7/32", "port": port, "proto": "tcp"} for port in ("22", "6443")],
        *[{"from": "10.0.1.0/24", "port": port, "proto": "tcp"} for port in ("6443", "2379:2380", "10250")],
        {"from": "10.0.1.0/24", "port": "8472", "proto": "udp"},
        {"from": "10.42.0.0/16", "port": "", "proto": ""},
        {"from": "10.43.0.0/16", "port": "", "proto": ""},
    ]
    return {
        "incoming": "deny",
        "outgoing": "allow",
        "routed": "deny",
        "rollbackSeconds": 90,
        "rules": [{**rule, "comment": "fixture"} for rule in rules],
    }


def _cloudflare() -> list[Resource]:
    records = [
        resource(
            "cloudflare:index/dnsRecord:DnsRecord",
            f"{host}-{node}-{kind.lower()}",
            {"name": host, "type": kind, "content": content, "proxied": True, "ttl": 1, "zoneId": "1"},
            depends={"content": frozenset({urn("hcloud:index/primaryIp:PrimaryIp", f"{node}-{family}")})},
        )
        for host in HOSTS
        for index, node in enumerate(NODES, start=1)
        for kind, family, content in (("A", "ipv4", f"192.0.2.{index}"), ("AAAA", "ipv6", f"2001:db8:{index}::1"))
    ]
    text = resource(
        "cloudflare:index/dnsRecord:DnsRecord",
        "verification",
        {"name": "example.com", "type": "TXT", "content": "hello", "ttl": 300, "zoneId": "1"},
    )
    provider = resource("pulumi:providers:hcloud", "default", {"token": Secret("a" * 64), "endpoint": "http://x/v1"})
    return [*records, text, provider]


def _certificates() -> list[Resource]:
    return [
        resource(
            "cloudflare:index/originCaCertificate:OriginCaCertificate",
            "origin",
            {"csr": "request", "hostnames": list(HOSTS), "expiresOn": "2099-01-01T00:00:00Z"},
        ),
        resource(
            "tls:index/selfSignedCert:SelfSignedCert",
            "ca",
            {"privateKeyPem": Secret("key"), "validityEndTime": "2099-01-01T00:00:00.123456789+02:00"},
        ),
    ]


def chart_values() -> dict[str, Any]:
    """Values that Traefik may have."""
    return {
        "deployment": {"kind": "DaemonSet", "dnsPolicy": "ClusterFirstWithHostNet"},
        "hostNetwork": True,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "service": {"enabled": False},
        "ports": {
            "web": {"port": 80, "hostPort": 80},
            "websecure": {
                "port": 443,
                "hostPort": 443,
                "asDefault": True,
                "forwardedHeaders": {"trustedIPs": list(CLOUDFLARE)},
            },
            "traefik": {"port": 8080, "hostIP": "127.0.0.1"},
            "metrics": {"port": 9101, "hostIP": "127.0.0.1"},
        },
        "podSecurityContext": {
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            "readOnlyRootFilesystem": True,
        },
        "api": {"dashboard": False},
        "ingressRoute": {"dashboard": {"enabled": False}},
        "additionalArguments": ["--providers.kubernetesingress.ingressendpoint.hostname=api.example.com"],
    }


def pod_spec(uid: int = 1000) -> dict[str, Any]:
    """A pod that may run, with a container of each kind."""

    def container(name: str) -> dict[str, Any]:
        context = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        return {"name": name, "image": "i", "ports": [{"containerPort": 8000}], "securityContext": context}

    return {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": uid,
            "runAsGroup": uid,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container("main")],
        "initContainers": [container("init")],
        "ephemeralContainers": [container("debug")],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def manifest(kind: str, namespace: str | None, name: str, **body: Any) -> dict[str, Any]:
    """A Kubernetes object's inputs."""
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= {key: body.pop(key) for key in ("annotations", "labels") if key in body}
    return {"kind": kind, "metadata": metadata, **body}


def _kubernetes() -> list[Resource]:
    traefik_api = "kubernetes:traefik.io/v1alpha1"
    template = {"spec": pod_spec()}
    hosts_network = {**pod_spec(65532), "hostNetwork": True}
    middlewares: dict[str, dict[str, Any]] = {
        "cloudflare-only": {"ipAllowList": {"sourceRange": list(CLOUDFLARE)}},
        "rate-limit": {"rateLimit": {"average": 20}},
        "admin-auth": {"basicAuth": {"secret": "admin-users", "removeHeader": True}},
    }
    config = {"failurePolicy": "abort", "valuesContent": yaml.safe_dump(chart_values())}
    return [
        resource(
            "kubernetes:helm.cattle.io/v1:HelmChartConfig",
            "traefik",
            manifest("HelmChartConfig", "kube-system", "traefik", spec=config),
        ),
        resource(
            "kubernetes:apps/v1:Deployment", "api", manifest("Deployment", "app", "api", spec={"template": template})
        ),
        resource(
            "kubernetes:apps/v1:DaemonSet",
            "traefik",
            manifest("DaemonSet", "kube-system", "traefik", spec={"template": {"spec": hosts_network}}),
        ),
        *[
            resource(f"{traefik_api}:Middleware", name, manifest("Middleware", "app", name, spec=spec))
            for name, spec in middlewares.items()
        ],
        resource(
            "kubernetes:core/v1:Secret",
            "admin-users",
            manifest("Secret", "app", "admin-users", stringData=Secret({"users": "admin:hash"})),
        ),
        resource(
            "kubernetes:core/v1:Secret",
            "origin-cert",
            manifest("Secret", "app", "origin-cert", stringData=Secret({"tls.crt": "c", "tls.key": "k"})),
            depends={
                "stringData": frozenset({urn("cloudflare:index/originCaCertificate:OriginCaCertificate", "origin")})
            },
        ),
        resource(f"{traefik_api}:TLSOption", "partners", manifest("TLSOption", "app", "partners", spec={})),
        resource(
            "kubernetes:networking.k8s.io/v1:IngressClass",
            "partners",
            manifest(
                "IngressClass",
                None,
                "partners",
                annotations={"honeydue.com/required-middlewares": "cloudflare-only,rate-limit"},
                spec={"controller": "traefik.io/ingress-controller"},
            ),
        ),
    ]


def ingress(name: str, host: str, middlewares: Sequence[str]) -> Resource:
    """A plain route."""
    backend = {"service": {"name": name, "port": {"number": 8000}}}
    return resource(
        "kubernetes:networking.k8s.io/v1:Ingress",
        name,
        manifest(
            "Ingress",
            "app",
            name,
            annotations={
                f"{PREFIX}entrypoints": "websecure",
                f"{PREFIX}middlewares": ",".join(f"app-{item}@kubernetescrd" for item in middlewares),
            },
            spec={
                "ingressClassName": "traefik",
                "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
                "tls": [{"hosts": [host], "secretName": "origin-cert"}],
            },
        ),
    )


def _routes() -> list[Resource]:
    traefik_api = "kubernetes:traefik.io/v1alpha1"
    rule = {
        "kind": "Rule",
        "match": "Host(`new.example.com`) && PathPrefix(`/`)",
        "middlewares": [{"name": "cloudflare-only"}, {"name": "rate-limit"}],
        "services": [{"kind": "TraefikService", "name": "canary"}],
    }
    services = [{"name": "api", "port": 8000, "weight": 90}, {"name": "api-next", "port": 8000, "weight": 10}]
    return [
        ingress("api", "api.example.com", ["cloudflare-only"]),
        ingress("admin", "admin.example.com", ["cloudflare-only", "admin-auth"]),
        resource(
            f"{traefik_api}:TraefikService",
            "canary",
            manifest("TraefikService", "app", "canary", spec={"weighted": {"services": services}}),
        ),
        resource(
            f"{traefik_api}:IngressRoute",
            "canary",
            manifest(
                "IngressRoute",
                "app",
                "canary",
                annotations={"honeydue.com/ingress-class": "partners"},
                spec={
                    "entryPoints": ["websecure"],
                    "routes": [rule],
                    "tls": {"secretName": "origin-cert", "options": {"name": "partners"}},
                },
            ),
        ),
    ]


def put(data: Any, path: Path, value: Any) -> Any:
    """A copy of plain data with one value put in, or with ABSENT taken away; missing mappings on the way are made."""
    copied = copy.deepcopy(data)
    here = copied
    for key in path[:-1]:
        inner = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
        if isinstance(inner, Secret):
            inner = inner.value
        here = inner
    if value is ABSENT:
        del here[path[-1]]
    elif isinstance(here, list) and path[-1] == len(here):
        here.append(value)
    else:
        here[path[-1]] = value
    return copied


def altered(kind: str, name: str, change: Callable[[Resource], Resource]) -> list[Resource]:
    """The stack with one resource changed; `kind` is the last part of its type."""
    resources = stack()
    victims = [item for item in resources if item.type.rpartition(":")[2] == kind and item.name == name]
    assert len(victims) == 1, f"{len(victims)} resources are {kind} {name}"
    return [change(item) if item is victims[0] else item for item in resources]


def with_property(kind: str, name: str, path: Path, value: Any) -> list[Resource]:
    """The stack with one property of one resource changed."""
    return altered(kind, name, lambda item: replace(item, properties=put(item.properties, path, value)))


def with_value(path: Path, value: Any) -> list[Resource]:
    """The stack with one of Traefik's chart values changed."""
    text = yaml.safe_dump(put(chart_values(), path, value))
    return with_property("HelmChartConfig", "traefik", ("spec", "valuesContent"), text)


def with_policy(path: Path, value: Any, node: str = "node1") -> list[Resource]:
    """The stack with one thing in one node's UFW policy changed."""
    text = json.dumps({"ufw": put(ufw_policy(), path, value)})
    return with_property("Command", f"{node}-ufw", ("stdin",), text)


def without(kind: str, name: str) -> list[Resource]:
    """The stack without one resource."""
    gone = altered(kind, name, lambda item: replace(item, name=""))
    return [item for item in gone if item.name]
