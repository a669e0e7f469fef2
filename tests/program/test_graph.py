"""The graph that the real program registers, from all three stack files: parents, order, protection, secrets, traps."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
import yaml

from components.cloudflare_ranges import snapshot
from components.config import ConfigError
from tests.program.recorder import Recording, Registration, record

COMMAND = "command:remote:Command"
DELETED_FIRST = ("SshKey", "PrimaryIp", "NetworkSubnet", "ServerNetwork", "Server")


def commands(recording: Recording, words: str) -> list[Registration]:
    """The remote commands that run a program with a verb, given as two words."""
    program, verb = words.split()
    runs = re.compile(rf"sudo python3 /usr/local/lib/honeydue/{program}-[0-9a-f]{{16}}\.py {verb}( |$)")
    return [item for item in recording.of_type(COMMAND) if runs.match(item.inputs["create"])]


def values(recording: Recording) -> Any:
    """Traefik's chart values."""
    (config,) = recording.of_type(":HelmChartConfig")
    return yaml.safe_load(config.inputs["spec"]["valuesContent"])


def test_every_resource_except_the_roots_has_a_parent(recording: Recording) -> None:
    roots = {"pulumi:providers:kubernetes", "pulumi:pulumi:Stack", "pulumi:index:Stash"}
    stack = next(item for item in recording.registrations if item.type == "pulumi:pulumi:Stack")
    orphans = [
        item.name
        for item in recording.registrations
        if item.parent in ("", stack.urn) and not item.type.startswith("honeydue:index:") and item.type not in roots
    ]
    assert not orphans, f"{orphans} belong to no component"


def test_components_register_their_outputs(recording: Recording) -> None:
    components = [item for item in recording.registrations if item.type.startswith("honeydue:index:")]
    silent = [item.name for item in components if item.urn not in recording.registered_outputs]
    assert components
    assert not silent, f"{silent} never register their outputs"


def test_names_are_unique(recording: Recording) -> None:
    urns = [item.urn for item in recording.registrations]
    assert len(urns) == len(set(urns))


def test_servers_and_their_addresses_are_protected(recording: Recording) -> None:
    kept = [item for suffix in (":Server", ":PrimaryIp") for item in recording.of_type(suffix)]
    assert kept
    assert all(item.protect for item in kept), "an edit of the stack file could delete a server or its address"
    assert all(item.inputs["autoDelete"] is False for item in recording.of_type(":PrimaryIp"))


def test_nothing_routine_replaces_or_stops_a_server(recording: Recording) -> None:
    for server in recording.of_type(":Server"):
        ignored = set(server.ignore_changes)
        assert ignored == {"userData", "image", "sshKeys", "serverType"}, "a routine edit would replace a server"


def test_only_the_server_being_replaced_loses_its_protection() -> None:
    recording = record("prod", {"honeydue:replacing": "hetzner2"})
    free = [item.name for item in recording.of_type(":Server") if not item.protect]
    fresh = [item.name for item in recording.of_type(":Server") if not item.ignore_changes]
    assert free == fresh == ["hetzner2"], "replacing one server must not unprotect the others"
    assert all(item.protect for item in recording.of_type(":PrimaryIp")), "the address must outlive the server"


def test_a_teardown_lifts_every_protection_and_switches_origin_pulls_off() -> None:
    recording = record("prod", {"honeydue:teardown": True})
    assert not [item.name for item in recording.registrations if item.protect]
    (switch,) = recording.of_type(":AuthenticatedOriginPullsSettings")
    assert switch.inputs["enabled"] is False, (
        "deleting the switch leaves it on at Cloudflare, for a certificate that is gone"
    )
    (options,) = recording.of_type(":TLSOption")
    assert "clientAuth" not in options.inputs["spec"]


def test_resources_with_unique_names_or_addresses_are_deleted_before_replacement(recording: Recording) -> None:
    for kind in DELETED_FIRST:
        found = [
            item for item in recording.registrations if item.type.rpartition(":")[2] == kind and "hcloud" in item.type
        ]
        assert found, f"the program registers no {kind}"
        late = [item.name for item in found if not item.delete_before_replace]
        assert not late, f"{late}: the successor would be refused, or (ServerNetwork) silently detached"


def test_the_quorum_gate_checks_servers_memberships_and_attachments(recording: Recording) -> None:
    memberships, attachments = commands(recording, "evict check"), recording.of_type(":ServerNetwork")
    servers = recording.of_type(":Server")
    assert len(memberships) == len(attachments) == len(servers)
    for item in [*servers, *memberships, *attachments]:
        assert item.before_delete == ("one-server-at-a-time",), f"{item.name} could be the second deletion of an update"


def test_a_node_is_evicted_through_another_one_before_its_server_is_deleted(prod: Recording) -> None:
    for server in prod.of_type(":Server"):
        membership = prod.named(f"{server.name}-membership")
        assert membership.delete_before_replace
        assert server.urn in membership.property_dependencies["triggers"], "a new server would keep the old membership"
        assert membership.inputs["delete"].endswith(f".py evict {server.name} server")
        own = prod.named(f"{server.name}-k3s").inputs["connection"]["host"]
        assert membership.inputs["connection"]["host"] != own, "a node can't evict itself while it is being deleted"


def test_servers_join_one_after_another_and_only_the_first_may_initialise(prod: Recording) -> None:
    joins = commands(prod, "k3s join")
    assert [item.name for item in joins] == ["hetzner1-k3s", "hetzner2-k3s", "hetzner3-k3s"]
    for earlier, later in pairwise(joins):
        assert earlier.urn in later.dependencies, "two etcd learners at once"
    settings = {
        item["name"]: item
        for item in (json.loads(command.inputs["stdin"]) for command in commands(prod, "k3s configure"))
    }
    assert [name for name, item in sorted(settings.items()) if item["initialise"]] == ["hetzner1"]
    assert settings["hetzner1"]["peers"] == ["10.0.1.12", "10.0.1.13"]


def test_every_firewall_is_confirmed_before_the_first_server_joins(recording: Recording) -> None:
    first = commands(recording, "k3s join")[0]
    confirmed = commands(recording, "ufw confirm")
    assert len(confirmed) == len(recording.of_type(":Server"))
    assert {item.urn for item in confirmed} <= recording.reaches(first.urn), "a silent peer would prove nothing"


def test_a_record_is_created_after_the_router_of_its_host(recording: Recording) -> None:
    answering = {
        host: item.urn for item in recording.of_type(":Ingress") for host in item.inputs["spec"]["tls"][0]["hosts"]
    }
    answering |= {
        host: item.urn
        for item in recording.of_type(":IngressRoute")
        for host in re.findall(r"`(.+?)`", item.inputs["spec"]["routes"][0]["match"])
    }
    records = recording.of_type(":DnsRecord")
    assert records
    for item in records:
        router = answering[item.inputs["name"]]
        assert router in item.dependencies, f"{item.name} would announce a host that nothing answers for"


def test_routes_are_created_after_their_middlewares_and_traefiks_rollout(recording: Recording) -> None:
    (gate,) = commands(recording, "rollout wait")
    needed = {item.urn for item in recording.of_type(":Middleware")} | {gate.urn}
    for route in recording.of_type(":Ingress") + recording.of_type(":IngressRoute"):
        assert needed <= recording.reaches(route.urn), f"{route.name} would answer 404 without its middleware"


def test_cloudflare_presents_its_certificate_before_traefik_requires_it(prod: Recording) -> None:
    (switch,) = prod.of_type(":AuthenticatedOriginPullsSettings")
    (options,) = prod.of_type(":TLSOption")
    assert options.inputs["spec"]["clientAuth"]["clientAuthType"] == "RequireAndVerifyClientCert"
    assert switch.urn in options.dependencies, "every request would fail until Cloudflare presents a certificate"


def test_records_are_proxied_with_an_automatic_ttl_and_canonical_names(recording: Recording) -> None:
    for item in recording.of_type(":DnsRecord"):
        assert (item.inputs["proxied"], item.inputs["ttl"]) == (True, 1), "any other ttl is refused, and only at up"
        assert item.inputs["name"] == item.inputs["name"].lower(), "upper case differs after every refresh"


def test_an_ipv6_record_has_the_servers_address_and_not_its_network(recording: Recording) -> None:
    contents = [item.inputs["content"] for item in recording.of_type(":DnsRecord") if item.inputs["type"] == "AAAA"]
    assert contents
    assert all(re.fullmatch(r"2001:db8:[0-9a-f]+::1", content) for content in contents), "a network is not an address"


def test_a_server_without_ingress_is_not_in_dns() -> None:
    servers = [{"name": f"hetzner{n}", "privateIp": f"10.0.1.1{n}", "ingress": n != 3} for n in (1, 2, 3)]
    recording = record("prod", {"honeydue:servers": servers})
    assert not [item.name for item in recording.of_type(":DnsRecord") if "hetzner3" in item.name]
    assert len(recording.of_type(":DnsRecord")) == 3 * 2 * 2


def test_agents_join_after_the_control_planes_with_a_token_of_their_own() -> None:
    servers = [{"name": f"hetzner{n}", "privateIp": f"10.0.1.1{n}"} for n in (1, 2, 3)]
    servers.insert(0, {"name": "worker", "privateIp": "10.0.1.21", "role": "agent"})
    joins = commands(record("prod", {"honeydue:servers": servers}), "k3s join")
    assert [item.name for item in joins][-1] == "worker-k3s"
    assert "agent-token" not in joins[-1].inputs["stdin"], "an agent must not learn the servers' token"


def test_the_origin_certificate_is_not_replaced_without_need(recording: Recording) -> None:
    (certificate,) = recording.of_type(":OriginCaCertificate")
    (request,) = [item for item in recording.of_type(":CertRequest") if item.inputs.get("dnsNames")]
    assert set(certificate.ignore_changes) == {"hostnames", "requestedValidity"}
    assert certificate.inputs["hostnames"] == sorted(certificate.inputs["hostnames"])
    assert request.inputs["dnsNames"] == sorted(request.inputs["dnsNames"]), "another order replaces the certificate"
    assert certificate.inputs["requestedValidity"], "left out once and set later, it replaces"


def test_the_origin_pulls_certificate_has_no_trailing_newline(recording: Recording) -> None:
    (certificate,) = recording.of_type(":AuthenticatedOriginPullsCertificate")
    assert certificate.inputs["certificate"] == certificate.inputs["certificate"].strip(), (
        "every update would show a difference"
    )


def test_our_certificates_are_not_due_for_renewal_when_created(recording: Recording) -> None:
    for item in recording.of_type(":SelfSignedCert") + recording.of_type(":LocallySignedCert"):
        assert 0 < item.inputs["earlyRenewalHours"] < item.inputs["validityPeriodHours"]


def test_zone_settings_are_strings(recording: Recording) -> None:
    settings = {item.inputs["settingId"]: item.inputs["value"] for item in recording.of_type(":ZoneSetting")}
    assert settings == {"ssl": "strict", "min_tls_version": "1.2", "always_use_https": "on"}


def test_a_new_kubeconfig_does_not_replace_the_kubernetes_provider(recording: Recording) -> None:
    providers = recording.of_type("pulumi:providers:kubernetes")
    assert len(providers) == 2
    for provider in providers:
        assert provider.inputs["clusterIdentifier"], "a changed API address would replace every object"
        assert str(provider.inputs["enableSecretMutable"]).lower() == "true", "a rotated certificate is deleted first"
        assert "kubeconfig" in provider.secret_inputs


def test_a_server_joins_its_network_by_the_subnet_alone(recording: Recording) -> None:
    for item in recording.of_type(":ServerNetwork"):
        assert "networkId" not in item.inputs, "both ids pass the preview and fail at up"
        assert item.inputs["ip"]


def test_a_server_keeps_its_firewall_group_and_addresses(recording: Recording) -> None:
    for item in recording.of_type(":Server"):
        assert item.inputs["firewallIds"], "left out later, the firewall would stay attached unseen"
        assert item.inputs["placementGroupId"], "a running server can't leave its group"
        (net,) = item.inputs["publicNets"]
        assert net["ipv4"] != net["ipv6"]
        assert "networks" not in item.inputs, "an inline network shows a difference at every preview"
        assert "datacenter" not in item.inputs, "datacenters left the API"


def test_no_command_sets_environment_variables(recording: Recording) -> None:
    assert not [item.name for item in recording.of_type(COMMAND) if item.inputs.get("environment")]


def test_ssh_is_verified_and_logs_nothing(recording: Recording) -> None:
    for item in recording.of_type(COMMAND):
        assert item.inputs["connection"]["hostKey"], f"{item.name} would trust any server"
        assert item.inputs["logging"] == "none"
        assert item.additional_secret_outputs >= {"stdout", "stderr"}
        assert "connection" in item.secret_inputs


def test_secrets_are_secret(recording: Recording) -> None:
    for server in recording.of_type(":Server"):
        assert "userData" in server.secret_inputs, "the host key would be in the state in plain text"
    for join in commands(recording, "k3s join"):
        assert "stdin" in join.secret_inputs, "the cluster's token would be in every preview"
    for secret in [item for item in recording.registrations if item.type.endswith(":Secret")]:
        assert "stringData" in secret.secret_inputs, f"{secret.name} would show its data"


def test_no_private_key_or_token_is_a_plain_input(recording: Recording) -> None:
    pattern = re.compile(r"PRIVATE KEY|password \d+|\$2b\$12\$")
    leaks = [
        (item.name, key)
        for item in recording.registrations
        for key, value in item.inputs.items()
        if key not in item.secret_inputs and pattern.search(json.dumps(value, default=str))
    ]
    assert not leaks, f"{leaks} would be readable in state and preview"


def places_of_the_ranges(recording: Recording) -> list[set[str]]:
    """Cloudflare's ranges as cloud firewall, Traefik, allow list and each host's UFW have them."""
    (firewall,) = recording.of_type(":Firewall")
    cloud = next(set(rule["sourceIps"]) for rule in firewall.inputs["rules"] if rule["port"] == "443")
    (allow_list,) = [item for item in recording.of_type(":Middleware") if item.name.endswith("cloudflare-only")]
    trusted = set(values(recording)["ports"]["websecure"]["forwardedHeaders"]["trustedIPs"])
    hosts = [
        {rule["from"] for rule in json.loads(item.inputs["stdin"])["ufw"]["rules"] if rule["port"] == "443"}
        for item in commands(recording, "ufw apply")
    ]
    return [cloud, trusted, set(allow_list.inputs["spec"]["ipAllowList"]["sourceRange"]), *hosts]


def test_all_places_use_one_list_of_ranges(recording: Recording) -> None:
    places = places_of_the_ranges(recording)
    assert len(places) > 3
    assert all(place == places[0] for place in places), "the places would allow different sources"
    assert len(places[0]) == 22


def test_a_custom_list_of_ranges_is_used_in_all_places() -> None:
    known = snapshot()
    ipv4, ipv6 = [str(item) for item in known.ipv4[1:]], [str(item) for item in known.ipv6]
    ranges = {"source": "list", "ipv4": ipv4, "ipv6": ipv6}
    places = places_of_the_ranges(record("prod", {"honeydue:cloudflareRanges": ranges}))
    assert all(place == {*ipv4, *ipv6} for place in places)


def test_aliases_are_not_needed_yet(recording: Recording) -> None:
    renamed = [item.name for item in recording.registrations if item.aliases and "honeydue:" in item.type]
    assert not renamed, "a renamed component needs an alias from now on; list its former name here"


def test_the_stack_exports_its_outputs(recording: Recording) -> None:
    stack = next(item for item in recording.registrations if item.type == "pulumi:pulumi:Stack")
    exports = recording.registered_outputs[stack.urn]
    assert set(exports) == {"nodes", "urls", "certificate_expires", "cloudflare_ranges", "versions", "kubeconfig"}


def test_a_preview_with_nothing_known_registers_the_whole_graph(prod: Recording) -> None:
    preview = record("prod", preview=True)
    assert {item.urn for item in preview.registrations} == {item.urn for item in prod.registrations}


def test_a_bad_stack_file_registers_nothing() -> None:
    with pytest.raises(ConfigError):
        record("prod", {"honeydue:k3sVersion": "v0"})
