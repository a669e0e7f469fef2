"""A small stack that breaks no rule, as plain data, and functions that break one thing in it."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import yaml

from guardrails import Resource, Secret
from guardrails.firewalls.sources import snapshot
from guardrails.releases.programs import installation, programs, sha256

CLOUDFLARE: Final = sorted(map(str, snapshot()))
NODES: Final = ("node1", "node2", "node3")
HOSTS: Final = ("admin.example.com", "api.example.com", "new.example.com")
PREFIX: Final = "traefik.ingress.kubernetes.io/router."

ABSENT: Final = object()
"""In place of a value, it removes the value."""

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
    found = [
        resource("hcloud:index/firewall:Firewall", "firewall", {"name": "edge", "rules": rules}),
        resource("hcloud:index/network:Network", "network", {"ipRange": "10.0.0.0/16"}),
        resource("hcloud:index/networkSubnet:NetworkSubnet", "subnet", {"ipRange": "10.0.1.0/24", "type": "cloud"}),
        resource("hcloud:index/placementGroup:PlacementGroup", "spread", {"type": "spread"}),
        resource("hcloud:index/sshKey:SshKey", "ssh", {"publicKey": "ssh-ed25519 AAAA"}),
    ]
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
            "sshKeys": ["1"],
            "image": "ubuntu-24.04",
            "userData": cloud_config(user_data()),
            "publicNets": [{"ipv4": 10 + index, "ipv6": 20 + index}],
        },
        protect=True,
        depends={
            "publicNets": frozenset(address.urn for address in addresses),
            "firewallIds": frozenset({urn("hcloud:index/firewall:Firewall", "firewall")}),
            "sshKeys": frozenset({urn("hcloud:index/sshKey:SshKey", "ssh")}),
        },
    )
    commands = [
        command(f"{node}-programs", installation()[0], installation()[1]),
        command(f"{node}-boot", call("boot", "wait")),
        replace(
            command(f"{node}-ufw", call("ufw", "apply"), json.dumps({"ufw": ufw_policy(), "attempt": 1})),
            depends={"triggers": frozenset({server.urn})},
        ),
        command(f"{node}-ufw-confirm", call("ufw", "confirm"), json.dumps({"confirm": "0" * 16})),
        command(f"{node}-settings", call("k3s", "configure"), json.dumps(join_settings())),
        command(f"{node}-k3s", call("k3s", "join v1.34.6+k3s1 0123456789abcdef"), Secret(json.dumps({"token": "t"}))),
        command(
            f"{node}-recovery", call("recovery", "keep"), Secret(json.dumps({"format": 1, "resources": {"a": {}}}))
        ),
        command(
            f"{node}-membership", call("evict", f"check {node} server"), delete=call("evict", f"evict {node} server")
        ),
    ]
    attachment = resource(
        "hcloud:index/serverNetwork:ServerNetwork", f"{node}-private", {"serverId": index, "ip": f"10.0.1.1{index}"}
    )
    return [*addresses, server, attachment, *commands]


def call(program: str, rest: str) -> str:
    """A command that runs a host program of this repository."""
    digest = sha256(programs()[program])[:16]
    return f"sudo python3 /usr/local/lib/honeydue/{program}-{digest}.py {rest}"


def command(name: str, create: str, stdin: Any = None, **more: Any) -> Resource:
    """A remote command."""
    connection = {
        "host": "192.0.2.1",
        "hostKey": "ssh-ed25519 AAAA",
        "user": "deploy",
        "privateKey": "key",
        "port": 22,
        "dialErrorLimit": 18,
        "perDialTimeout": 2,
    }
    inputs = {
        "connection": Secret(connection),
        "create": create,
        "logging": "none",
        "addPreviousOutputInEnv": False,
        "triggers": ["1"],
        **({} if stdin is None else {"stdin": stdin}),
        **more,
    }
    return resource("command:remote:Command", name, inputs)


def join_settings() -> dict[str, Any]:
    """The settings with which a server joins."""
    return {
        "name": "node1",
        "role": "server",
        "initialise": True,
        "version": "v1.34.6+k3s1",
        "installer": "https://raw.githubusercontent.com/k3s-io/k3s/v1.34.6%2Bk3s1/install.sh",
        "privateIp": "10.0.1.11",
        "peers": ["10.0.1.12"],
        "readySeconds": 600,
        "config": {
            "node-name": "node1",
            "advertise-address": "10.0.1.11",
            "cluster-cidr": "10.42.0.0/16",
            "cluster-dns": "10.43.0.10",
            "disable": ["servicelb"],
            "etcd-snapshot-retention": 14,
            "flannel-backend": "vxlan",
            "secrets-encryption": True,
            "service-cidr": "10.43.0.0/16",
            "tls-san": ["192.0.2.1", "10.0.1.11"],
            "write-kubeconfig-mode": "0600",
        },
    }


def user_data() -> dict[str, Any]:
    """The instructions for a first boot."""
    return {
        "hostname": "node1",
        "locale": False,
        "disable_root": True,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": "private", "ed25519_public": "ssh-ed25519 AAAA"},
        "users": [
            {
                "name": "deploy",
                "groups": ["sudo"],
                "lock_passwd": True,
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": ["ssh-ed25519 AAAA"],
            }
        ],
        "write_files": [
            {
                "path": "/etc/sysctl.d/90-honeydue.conf",
                "content": "net.ipv4.ip_unprivileged_port_start = 80\n",
                "permissions": "0644",
            }
        ],
        "runcmd": [
            ["sysctl", "--system"],
            ["ufw", "default", "deny", "incoming"],
            ["ufw", "allow", "from", "198.51.100.7/32", "to", "any", "port", "22", "proto", "tcp", "comment", "ssh"],
            ["ufw", "--force", "enable"],
        ],
    }


def cloud_config(document: dict[str, Any]) -> Secret:
    """Instructions for cloud-init, as a server gets them."""
    return Secret(f"#cloud-config\n{yaml.safe_dump(document)}")


def ufw_policy() -> dict[str, Any]:
    """A policy of UFW."""
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
    provider = resource(
        "pulumi:providers:hcloud", "default", {"token": Secret("a" * 64), "endpoint": "http://127.0.0.1:1/v1"}
    )
    settings = [
        resource("cloudflare:index/zoneSetting:ZoneSetting", name, {"zoneId": "1", "settingId": name, "value": value})
        for name, value in {"ssl": "strict", "min_tls_version": "1.2", "always_use_https": "on"}.items()
    ]
    pulls = resource(
        "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings",
        "pulls",
        {"zoneId": "1", "enabled": True},
    )
    return [*records, text, provider, *settings, pulls]


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
            {
                "privateKeyPem": Secret("key"),
                "allowedUses": ["cert_signing", "crl_signing"],
                "validityPeriodHours": 87600,
                "earlyRenewalHours": 720,
                "validityEndTime": "2099-01-01T00:00:00.123456789+02:00",
            },
        ),
        resource("tls:index/privateKey:PrivateKey", "origin-key", {"algorithm": "ECDSA", "ecdsaCurve": "P256"}),
        resource("random:index/randomPassword:RandomPassword", "token", {"length": 48, "special": False}),
    ]


def chart_values() -> dict[str, Any]:
    """Chart values of Traefik."""
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
    """A confined pod, with a container of each kind."""

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


API_VERSIONS: Final = {
    "HelmChartConfig": "helm.cattle.io/v1",
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
    **dict.fromkeys(("Ingress", "IngressClass"), "networking.k8s.io/v1"),
    **dict.fromkeys(("Middleware", "TLSOption", "IngressRoute", "TraefikService"), "traefik.io/v1alpha1"),
}


def manifest(kind: str, namespace: str | None, name: str, **body: Any) -> dict[str, Any]:
    """A Kubernetes object's inputs."""
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= {key: body.pop(key) for key in ("annotations", "labels") if key in body}
    return {"apiVersion": API_VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata, **body}


def _kubernetes() -> list[Resource]:
    traefik_api = "kubernetes:traefik.io/v1alpha1"
    template = {"spec": pod_spec()}
    middlewares: dict[str, dict[str, Any]] = {
        "cloudflare-only": {"ipAllowList": {"sourceRange": list(CLOUDFLARE)}},
        "rate-limit": {
            "rateLimit": {
                "average": 20,
                "burst": 40,
                "period": "1s",
                "sourceCriterion": {"ipStrategy": {"depth": 1, "ipv6Subnet": 64}},
            }
        },
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
            "cloudflare-origin-cert",
            manifest("Secret", "app", "cloudflare-origin-cert", stringData=Secret({"tls.crt": "c", "tls.key": "k"})),
            depends={
                "stringData": frozenset({urn("cloudflare:index/originCaCertificate:OriginCaCertificate", "origin")})
            },
        ),
        resource("kubernetes:core/v1:Namespace", "app", manifest("Namespace", None, "app")),
        resource(
            "kubernetes:core/v1:Service",
            "api",
            manifest("Service", "app", "api", spec={"selector": {"app": "api"}, "ports": [{"port": 8000}]}),
        ),
        resource(
            "kubernetes:core/v1:Secret",
            "origin-pulls-ca",
            manifest("Secret", "kube-system", "origin-pulls-ca", stringData=Secret({"ca.crt": "c"})),
        ),
        resource(
            f"{traefik_api}:TLSOption",
            "default",
            manifest("TLSOption", "kube-system", "default", spec=tls_option("origin-pulls-ca")),
        ),
        resource(
            "kubernetes:core/v1:Secret",
            "partners-client-ca",
            manifest("Secret", "app", "partners-client-ca", stringData=Secret({"ca.crt": "c"})),
        ),
        resource(
            f"{traefik_api}:TLSOption",
            OPTIONS,
            manifest("TLSOption", "app", OPTIONS, spec=tls_option("partners-client-ca")),
        ),
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


OPTIONS: Final = "partners-client-certificates"
"""The TLS options of a route."""


def tls_option(secret: str) -> dict[str, Any]:
    """TLS options that require a client certificate."""
    return {
        "minVersion": "VersionTLS12",
        "sniStrict": True,
        "clientAuth": {"clientAuthType": "RequireAndVerifyClientCert", "secretNames": [secret]},
    }


def ingress(name: str, host: str, middlewares: Sequence[str], **annotations: str) -> Resource:
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
                **annotations,
            },
            spec={
                "ingressClassName": "traefik",
                "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
                "tls": [{"hosts": [host], "secretName": "cloudflare-origin-cert"}],
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
        ingress("admin", "admin.example.com", ["cloudflare-only", "admin-auth"], **{"honeydue.com/admin": "true"}),
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
                    "tls": {"secretName": "cloudflare-origin-cert", "options": {"name": OPTIONS}},
                },
            ),
        ),
    ]


def put(data: Any, path: Path, value: Any) -> Any:
    """Return a copy of plain data with one value changed, or removed with ABSENT. Missing mappings are created."""
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
    text = json.dumps({"ufw": put(ufw_policy(), path, value), "attempt": 1})
    return with_property("Command", f"{node}-ufw", ("stdin",), text)


def without(kind: str, name: str) -> list[Resource]:
    """The stack without one resource."""
    gone = altered(kind, name, lambda item: replace(item, name=""))
    return [item for item in gone if item.name]
