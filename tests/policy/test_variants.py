"""Variants of unsafe graphs, which must be refused too, and harmless ones, which must pass."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from components import operators
from guardrails import UNKNOWN, Resource, Secret
from guardrails.firewalls.sources import bounds
from tests.policy.compliant import (
    ABSENT,
    Path,
    call,
    cloud_config,
    command,
    ingress,
    join_settings,
    manifest,
    pod_spec,
    put,
    resource,
    stack,
    ufw_policy,
    user_data,
    with_policy,
    with_property,
)
from tests.policy.verdict import leaves, passes, refuses

MIDDLEWARES = ("metadata", "annotations", "traefik.ingress.kubernetes.io/router.middlewares")
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
KUBECONFIG = {
    "apiVersion": "v1",
    "clusters": [
        {"name": "default", "cluster": {"server": "https://192.0.2.1:6443", "certificate-authority-data": "c"}}
    ],
    "users": [{"name": "default", "user": {"client-certificate-data": "c", "client-key-data": "k"}}],
}


def provider(package: str, **inputs: Any) -> list[Resource]:
    """The stack with one more provider."""
    return [*stack(), resource(f"pulumi:providers:{package}", "more", inputs)]


@pytest.mark.parametrize(
    ("package", "inputs", "rule", "says"),
    [
        ("hcloud", {"endpoint": "https://evil.example/v1"}, "servers-are-known", "endpoint is 'https://evil.example"),
        ("hcloud", {"endpoint": "http://api.hetzner.cloud/v1"}, "servers-are-known", "it must be Hetzner's API"),
        ("cloudflare", {"baseUrl": "http://evil.example"}, "records-are-known", "it must be Cloudflare's API"),
        ("kubernetes", {"renderYamlToDirectory": "/tmp"}, "pods-are-confined", "renderYamlToDirectory is not known"),
        ("kubernetes", {"kubeconfig": "/root/.kube/config"}, "pods-are-confined", "must contain a mapping"),
        ("command", {"pluginDownloadURL": "https://x"}, "commands-are-known", "pluginDownloadURL is not known here"),
        ("aws", {}, "every-type-is-known", "type pulumi:providers:aws is not known here"),
    ],
)
def test_a_provider_that_talks_to_somebody_else_is_refused(
    package: str, inputs: dict[str, Any], rule: str, says: str
) -> None:
    refuses(provider(package, **inputs), rule, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("clusters", 0, "cluster", "insecure-skip-tls-verify"), True, "insecure-skip-tls-verify is not known here"),
        (("clusters", 0, "cluster", "server"), "http://192.0.2.1:6443", "it must be an https URL"),
        (("users", 0, "user", "exec"), {"command": "sh"}, "user.exec is not known here; add it to KUBECONFIG in"),
    ],
)
def test_a_kubeconfig_without_verification_or_with_a_program_is_refused(path: Path, value: Any, says: str) -> None:
    passes(provider("kubernetes", kubeconfig=Secret(yaml.safe_dump(KUBECONFIG)), enableSecretMutable="true"))
    changed = Secret(yaml.safe_dump(put(KUBECONFIG, path, value)))
    refuses(provider("kubernetes", kubeconfig=changed), "pods-are-confined", says)


def test_official_and_local_endpoints_pass() -> None:
    passes(provider("hcloud", endpoint="https://api.hetzner.cloud/v1", token=Secret("t")))
    passes(provider("cloudflare", baseUrl="http://127.0.0.1:8080/client/v4", apiToken=Secret("t")))


@pytest.mark.parametrize(
    ("victim", "path", "value", "rule", "says"),
    [
        ("Server node1", ("iso",), "evil.iso", "servers-are-known", "iso is not known here; add it to SERVERS in"),
        ("Server node1", ("image",), "12345", "servers-are-known", "image is '12345'"),
        ("Server node1", ("firewallIds",), [1, 2], "servers-are-known", "firewallIds has 2 elements"),
        ("Server node1", ("ignoreRemoteFirewallIds",), True, "servers-are-known", "ignoreRemoteFirewallIds is True"),
        ("Server node1", ("sshKeys",), ["1", "2"], "servers-are-known", "sshKeys has 2 elements"),
        ("Network network", ("exposeRoutesToVswitch",), True, "servers-are-known", "exposeRoutesToVswitch is True"),
        ("PrimaryIp node1-ipv4", ("datacenter",), "x", "servers-are-known", "datacenter is not known here"),
        ("Firewall firewall", ("applyTos",), [{"server": 9}], "cloud-firewall-is-narrow", "applyTos is not known"),
        ("ZoneSetting ssl", ("enabled",), False, "tls-is-strict", "enabled is not known here; add it to INPUTS in"),
        ("OriginCaCertificate origin", ("requestType",), "keyless-certificate", "tls-is-strict", "requestType is"),
        ("RandomPassword token", ("length",), 8, "tls-is-strict", "length is 8"),
        (
            "DnsRecord verification",
            ("type",),
            "a",
            "records-are-known",
            "it must be a type in capitals",
        ),
        ("DnsRecord verification", ("private",), True, "records-are-known", "private is not known here"),
    ],
)
def test_an_argument_that_is_not_known_is_refused(victim: str, path: Path, value: Any, rule: str, says: str) -> None:
    kind, _, name = victim.partition(" ")
    refuses(with_property(kind, name, path, value), rule, says)


def test_a_server_with_a_key_that_is_not_of_the_stack_is_refused() -> None:
    foreign = [
        replace(item, depends={key: urns for key, urns in item.depends.items() if key != "sshKeys"}) for item in stack()
    ]
    refuses(foreign, "servers-survive-one-mistake", "sshKeys has no key of this stack")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("104.16.0.0/20", "may be Cloudflare's, where anybody's Worker runs"),
        ("104.16.0.1/32", "may be Cloudflare's"),
        ("64:ff9b::/96", "may be any IPv4 address"),
        ("2001::/32", "may be any IPv4 address"),
        ("::ffff:0:0/96", "may be any IPv4 address"),
    ],
)
def test_ranges_that_anybody_can_connect_from_are_no_operators(source: str, says: str) -> None:
    changed = with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), ["198.51.100.7/32", source])
    refuses(changed, "cloud-firewall-is-narrow", says)
    rule = {"from": source, "port": "22", "proto": "tcp", "comment": "x"}
    refuses(with_policy(("rules",), [*ufw_policy()["rules"], rule]), "host-firewall-is-narrow", says)


def test_operators_of_a_first_boot_are_bounded_in_sum_too() -> None:
    opened = [
        ["ufw", "allow", "from", f"50.{n}.0.0/16", "to", "any", "port", "22", "proto", "tcp", "comment", "x"]
        for n in range(17)
    ]
    changed = cloud_config({**user_data(), "runcmd": opened})
    refuses(with_property("Server", "node1", ("userData",), changed), "servers-are-known", "together are more than")


@pytest.mark.parametrize("missing", [["ufw", "default", "deny", "incoming"], ["ufw", "--force", "enable"]])
def test_a_first_boot_must_close_the_servers_own_firewall(missing: list[str]) -> None:
    commands = [words for words in user_data()["runcmd"] if words != missing]
    changed = with_property("Server", "node1", ("userData",), cloud_config({**user_data(), "runcmd": commands}))
    refuses(changed, "servers-are-known", f"userData.runcmd lacks {' '.join(missing)!r}")


@pytest.mark.parametrize("name", ["ssl", "pulls"])
def test_the_settings_of_another_zone_do_not_count(name: str) -> None:
    changed = [
        replace(item, properties={**item.properties, "zoneId": "2"}) if item.name == name else item for item in stack()
    ]
    refuses(changed, "origin-tls-is-complete", "the settings belong to the zones 1, 2; a stack has one zone")


def test_an_eviction_runs_before_a_deletion_only() -> None:
    created = command("more", call("evict", "evict node1 server"))
    refuses([*stack(), created], "commands-are-known", "which runs before a deletion only")
    leaves([*stack(), command("more", call("boot", "wait"), delete=UNKNOWN)], "commands-are-known", "delete")


@pytest.mark.parametrize("key", ["disable", "secrets-encryption"])
def test_a_control_plane_must_have_the_flags_that_an_agent_lacks(key: str) -> None:
    plane = put(join_settings(), ("config", key), ABSENT)
    refuses(with_property("Command", "node1-settings", ("stdin",), json.dumps(plane)), "commands-are-known", key)
    agent = put(put(plane, ("role",), "agent"), ("initialise",), False)
    passes(with_property("Command", "node1-settings", ("stdin",), json.dumps(agent)), "commands-are-known")


@pytest.mark.parametrize("value", [",", " , ", "app-rate-limit@file", "@kubernetescrd"])
def test_a_list_of_middlewares_without_any_is_refused(value: str) -> None:
    refuses(with_property("Ingress", "api", MIDDLEWARES, value), "routes-are-tls-only", "router.middlewares")


@pytest.mark.parametrize("kind", ["headers", "ipAllowList", "rateLimit"])
def test_an_empty_middleware_is_refused(kind: str) -> None:
    more = manifest("Middleware", "app", "more", spec={kind: {}})
    refuses(
        [*stack(), resource("kubernetes:traefik.io/v1alpha1:Middleware", "more", more)],
        "middlewares-are-known",
        "is empty, so it does nothing",
    )


@pytest.mark.parametrize("name", ["rate-limit", "admin-auth", "cloudflare-only"])
def test_a_middleware_of_another_kind_under_a_required_name_is_refused(name: str) -> None:
    changed = with_property("Middleware", name, ("spec",), {"headers": {"frameDeny": True}})
    refuses(changed, "middlewares-are-known", f"{name} has the kind headers, but must be ")


def test_an_admin_service_under_another_service_name_needs_the_login_too() -> None:
    def service(name: str, selector: Any) -> Resource:
        spec = {"selector": selector, "ports": [{"port": 80}]}
        return resource("kubernetes:core/v1:Service", name, manifest("Service", "app", name, spec=spec))

    route = ingress("back", "api.example.com", ["cloudflare-only"])
    admin = service("admin", {"app": "admin"})
    twins = [*stack(), admin, service("back", {"app": "admin", "tier": "web"}), route]
    refuses(twins, "routes-find-what-they-name", "back is behind admin route admin")
    passes([*stack(), admin, service("back", {"app": "back"}), route], "routes-find-what-they-name")
    passes([*stack(), admin, service("back", UNKNOWN), route], "routes-find-what-they-name")


@pytest.mark.parametrize("content", ["2001:db8:1::7", "::ffff:192.0.2.1"])
def test_another_spelling_of_a_servers_address_is_refused_without_the_proxy(content: str) -> None:
    given = {"name": "x.example.com", "type": "AAAA", "content": content, "ttl": 60, "zoneId": "1"}
    refuses(
        [*stack(), resource(DNS_RECORD, "more", given)], "dns-is-the-ingress-nodes", "shows the address of a server"
    )


def test_origin_pulls_off_are_refused_in_a_stack_without_servers_too() -> None:
    off = with_property("AuthenticatedOriginPullsSettings", "pulls", ("enabled",), False)
    refuses([item for item in off if not item.type.endswith(":Server")], "origin-tls-is-complete", "enabled is False")


@pytest.mark.parametrize(
    "annotations",
    [
        {"nginx.ingress.kubernetes.io/x": "1"},
        {"traefik.ingress.kubernetes.io/service.serverstransport": "x"},
        {"pulumi.com/patchForce": "true"},
        {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"},
    ],
)
def test_an_annotation_that_has_an_effect_is_refused_and_others_pass(annotations: dict[str, str]) -> None:
    def deployment(*, notes: dict[str, str], pod: dict[str, str]) -> list[Resource]:
        template = {"metadata": {"labels": {"app": "x"}, "annotations": pod}, "spec": pod_spec()}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": template}
        body = manifest("Deployment", "app", "more", spec=spec, annotations=notes)
        return [*stack(), resource("kubernetes:apps/v1:Deployment", "more", body)]

    [key] = annotations
    for changed in (deployment(notes=annotations, pod={}), deployment(notes={}, pod=annotations)):
        refuses(changed, "pods-are-confined", f"annotations.{key} is not known here; add it to ")
    harmless = {"prometheus.io/scrape": "true", "description": "the API"}
    passes(deployment(notes={**harmless, "pulumi.com/skipAwait": "true"}, pod=harmless))


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:yaml:ConfigFile",
        "kubernetes:yaml:ConfigGroup",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize:Directory",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:v1:Service",
        "kubernetes:core/v1:ServicePatch",
        "kubernetes:core/v1:Endpoints",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration",
        "kubernetes:traefik.containo.us/v1alpha1:Middleware",
        "kubernetes:traefik.io/v1alpha1:TLSStore",
        "hcloud:index/rdns:Rdns",
        "hcloud:index/firewallAttachment:FirewallAttachment",
        "hcloud:index/networkRoute:NetworkRoute",
        "hcloud:index/volume:Volume",
        "cloudflare:index/record:Record",
        "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride",
        "cloudflare:index/pageRule:PageRule",
        "cloudflare:index/authenticatedOriginPulls:AuthenticatedOriginPulls",
        "local:index:Command",
        "pulumi:pulumi:StackReference",
    ],
)
def test_other_ways_to_the_same_thing_are_of_unknown_types(type_: str) -> None:
    refuses([*stack(), resource(type_, "more", {})], "every-type-is-known", f"type {type_} is not known here")


def keeping(**keepers: Any) -> list[Resource]:
    """The stack with a harmless resource that keeps these values."""
    return [*stack(), resource("random:index/randomId:RandomId", "more", {"keepers": keepers})]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("postgres://app:p/ss@db:5432/app", "a password in a URL"),
        ("https://abcdefghij0123456789@git.example.com/x", "a token in a URL"),
        ("ghp_" + "a1B2" * 9, "a token"),
        ([{"name": "DB_PASSWORD", "value": "hunter2"}], "a credential, by its name"),
    ],
)
def test_a_credential_in_another_form_is_found(value: Any, says: str) -> None:
    refuses(keeping(value=value), "no-plain-secrets", says)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://app:$(DB_PASSWORD)@db:5432/app",
        "postgres://app:${DB_PASSWORD}@db:5432/app",
        "https://git@example.com/x",
        [{"name": "DB_PASSWORD", "value": "$(OTHER)"}],
        [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password-file"}}}],
        "sha256:" + "0123456789abcdef" * 4,
    ],
)
def test_a_place_for_a_credential_passes(value: Any) -> None:
    passes(keeping(value=value))


def test_the_stack_file_and_the_policies_have_the_same_bounds_of_operators() -> None:
    assert {
        name: {str(version): prefix for version, prefix in given.items()} for name, given in bounds().items()
    } == operators._BOUNDS


@pytest.mark.parametrize("port", ["22", "443"])
@pytest.mark.parametrize("protocol", ["udp", ""])
def test_only_tcp_is_open_to_public_space(port: str, protocol: str) -> None:
    source = "198.51.100.7/32" if port == "22" else "104.16.0.0/13"
    rule = {"from": source, "port": port, "proto": protocol, "comment": "x"}
    says = f"{source} may use {protocol or 'every protocol'}; from public space only tcp may"
    refuses(with_policy(("rules",), [*ufw_policy()["rules"], rule]), "host-firewall-is-narrow", says)
    refuses(with_property("Firewall", "firewall", ("rules", 0, "protocol"), "udp"), "cloud-firewall-is-narrow", "udp")
