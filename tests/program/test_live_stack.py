"""The program over a stack that is deployed already: what it must not change, and what it must not touch."""

import re
from typing import Any

import pulumi
import pytest

from components.config import ConfigError
from components.deployed import Deployed
from tests.program.recorder import Recording, Registration, record

SERVERS = [{"name": f"hetzner{number}", "privateIp": f"10.0.1.1{number}"} for number in (1, 2, 3)]
KUBERNETES = "kubernetes:"


def changed(before: Recording, after: Recording) -> set[str]:
    """The names of the resources whose inputs differ, or that come or go."""
    old, new = ({item.urn: item for item in recording.registrations} for recording in (before, after))
    return {item.name for urn, item in {**old, **new}.items() if _inputs(old.get(urn)) != _inputs(new.get(urn))}


def _inputs(item: Registration | None) -> dict[str, Any] | None:
    return item.inputs if item else None


def test_the_program_reads_what_its_own_state_holds(prod: Recording) -> None:
    found = Deployed.of(prod.state)
    names = [server["name"] for server in SERVERS]
    assert found.networks == {"networkRange": "10.0.0.0/16", "subnetRange": "10.0.1.0/24"}
    assert found.private_ips == {server["name"]: server["privateIp"] for server in SERVERS}
    assert found.roles == dict.fromkeys(names, "server")
    assert found.users == dict.fromkeys(names, "deploy")
    assert found.namespace == "honeydue"
    assert found.k3s_versions == dict.fromkeys(names, "v1.34.6+k3s1")
    assert found.attempts == dict.fromkeys(names, 1)


def test_a_deployed_stack_registers_the_same_graph_again(prod: Recording) -> None:
    assert not changed(prod, record("prod", deployed=prod))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"honeydue:networkRange": "10.0.0.0/15"}, "honeydue:networkRange"),
        ({"honeydue:subnetRange": "10.0.0.0/22"}, "honeydue:subnetRange"),
        (
            {"honeydue:servers": [{**SERVERS[0], "privateIp": "10.0.1.99"}, *SERVERS[1:]]},
            "honeydue:servers[0].privateIp",
        ),
        ({"honeydue:user": "operator"}, "honeydue:user"),
        ({"honeydue:namespace": "other"}, "honeydue:namespace"),
        ({"honeydue:k3sVersion": "v1.33.10+k3s1"}, "honeydue:k3sVersion"),
    ],
)
def test_a_key_that_must_not_change_fails_before_anything_is_registered(
    prod: Recording, changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        record("prod", changes, deployed=prod)
    assert [problem.key for problem in refusal.value.problems] == [key]
    assert "nothing was changed" in str(refusal.value)


def test_the_network_and_the_namespace_are_protected_and_gated(recording: Recording) -> None:
    (network,), (subnet,) = recording.of_type(":Network"), recording.of_type(":NetworkSubnet")
    for item in (network, subnet):
        assert item.protect
        assert item.before_delete == ("the-network-stays",)
    (namespace,) = recording.of_type(":Namespace")
    assert namespace.protect
    assert namespace.retain_on_delete, "a destroy would delete every workload in it"


def test_a_namespace_that_exists_already_is_taken_over_and_nothing_else_is(recording: Recording) -> None:
    adopting = recording.named("cluster-adopting", "kubernetes")
    ordinary = recording.named("cluster", "kubernetes")
    assert str(adopting.inputs["upsertExistingObjects"]).lower() == "true"
    assert str(ordinary.inputs["upsertExistingObjects"]).lower() == "false"
    users = [item for item in recording.registrations if item.provider.startswith(f"{adopting.urn}::")]
    assert [item.type for item in users] == ["kubernetes:core/v1:Namespace"]


def test_everything_is_deleted_after_the_resource_that_refuses_a_destroy(recording: Recording) -> None:
    guard = recording.named("teardown-guard")
    assert guard.before_delete == ("no-destroy-without-teardown",)
    others = {item.urn for item in recording.registrations if item.custom} - {guard.urn}
    assert others <= recording.reaches(guard.urn), "a destroy would delete these before it is refused"


@pytest.mark.parametrize("more", [{"name": "worker", "privateIp": "10.0.1.21", "role": "agent"}, None])
def test_the_kubeconfigs_do_not_change_with_nodes_version_or_api_node(
    prod: Recording, more: dict[str, Any] | None
) -> None:
    edits = {"honeydue:servers": [*SERVERS, more]} if more else {"honeydue:k3sVersion": "v1.35.3+k3s1"}
    touched = changed(prod, record("prod", {**edits, "honeydue:apiNode": "hetzner2"}, deployed=prod))
    kubeconfigs = {f"{server['name']}-kubeconfig" for server in SERVERS}
    assert not touched & kubeconfigs, (
        "the kubeconfig, and with it every Kubernetes object, would be unknown in a preview"
    )
    objects = {item.name for item in prod.registrations if item.type.startswith(KUBERNETES)}
    assert not touched & objects


def test_another_api_node_only_moves_the_providers_and_what_runs_on_it(prod: Recording) -> None:
    touched = changed(prod, record("prod", {"honeydue:apiNode": "hetzner2"}, deployed=prod))
    (stack,) = [item.name for item in prod.registrations if item.type == "pulumi:pulumi:Stack"]
    assert touched - {stack} == {"cluster", "cluster-adopting", "traefik-rollout", "hetzner3-membership"} | (
        touched & {"hetzner1-membership", "hetzner2-membership"}
    )


def test_a_kubeconfig_is_read_anew_when_its_generation_rises(prod: Recording) -> None:
    touched = changed(prod, record("prod", {"honeydue:kubeconfig": {"generation": 2}}, deployed=prod))
    assert touched == {f"{server['name']}-{part}" for server in SERVERS for part in ("kubeconfig", "recovery")}


def test_a_host_that_sorts_first_changes_nothing_of_traefik(prod: Recording) -> None:
    routes = [
        {"name": "first", "hosts": ["a.myhoneydue.com"], "service": "api", "port": 8000},
        {"name": "honeydue-api", "hosts": ["api.myhoneydue.com", "myhoneydue.com"], "service": "api", "port": 8000},
        {
            "name": "honeydue-admin",
            "hosts": ["admin.myhoneydue.com"],
            "service": "admin",
            "port": 3000,
            "middlewares": ["cloudflare-only", "rate-limit", "security-headers", "admin-auth"],
        },
    ]
    touched = changed(prod, record("prod", {"honeydue:routes": routes}, deployed=prod))
    assert "routes-first-ingress" in touched
    assert not [name for name in touched if name.startswith("traefik")], "every Traefik would restart for one more host"


def test_the_origin_pulls_ca_stays_when_the_certificate_rotates(prod: Recording) -> None:
    touched = changed(prod, record("prod", {"honeydue:originPulls": {"generation": 2}}, deployed=prod))
    assert {"pulls-2-key", "pulls-2-certificate", "pulls-2-presented", "pulls-1-presented"} <= touched
    assert not touched & {"pulls-ca-key", "pulls-ca", "traefik-origin-pulls-ca", "traefik-tls-options"}, (
        "Traefik would refuse the certificate that Cloudflare presents until it has the new one"
    )


def test_a_stack_of_the_time_before_keeps_its_origin_pulls_ca() -> None:
    recording = record("prod", {"honeydue:originPulls": {"generation": 2}})
    for part in ("ca-key", "ca"):
        aliases = [alias.spec.name for alias in recording.named(f"pulls-{part}").aliases]
        assert aliases == [f"pulls-1-{part}", f"pulls-2-{part}"]


def test_a_route_named_default_makes_no_second_default_tls_option() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    route = {
        "name": "default",
        "hosts": ["myhoneydue.com"],
        "service": "api",
        "port": 8000,
        "clientCertificates": [pem],
    }
    recording = record("prod", {"honeydue:routes": [route]})
    names = [item.inputs["metadata"]["name"] for item in recording.of_type(":TLSOption")]
    assert sorted(names) == ["default", "default-client-certificates"]


def test_an_ingress_waits_for_no_service(recording: Recording) -> None:
    for item in recording.of_type(":Ingress"):
        assert item.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_every_command_is_one_short_line_without_the_last_output(recording: Recording) -> None:
    lines = [
        item.inputs[key]
        for item in recording.of_type("remote:Command")
        for key in ("create", "delete")
        if key in item.inputs
    ]
    assert lines
    for line in lines:
        assert len(line) < 240, f"an error would begin with {len(line)} characters of command"
        assert re.fullmatch(r"sudo (python3 /usr/local/lib/honeydue/|sh -s -- )[^\n]+", line)
    for item in recording.of_type("remote:Command"):
        assert item.inputs["addPreviousOutputInEnv"] is False, f"{item.name} would send its last output to the server"
        assert item.on_error == ("explain-failed-ssh",)


def test_a_server_gets_the_programs_before_anything_runs_there(recording: Recording) -> None:
    for server in recording.of_type(":Server"):
        programs = recording.named(f"{server.name}-programs")
        assert server.urn in programs.property_dependencies["triggers"], "a new server would have none"
        for name in ("boot", "ufw-apply", "ufw-confirm", "k3s-settings", "k3s"):
            assert programs.urn in recording.reaches(recording.named(f"{server.name}-{name}").urn)


def test_a_dial_ends_within_two_minutes(recording: Recording) -> None:
    for item in recording.of_type("remote:Command"):
        limit, seconds = (item.inputs["connection"][key] for key in ("dialErrorLimit", "perDialTimeout"))
        pauses = sum(min(0.1 * 1.5**number, 5) for number in range(int(limit)))
        silent = (limit + 1) * seconds + pauses
        assert pauses >= 50, "a server that boots gets too little time to start sshd"
        assert silent <= 90


@pytest.mark.parametrize("name", ["worker-private", "worker-membership", "worker"])
def test_the_gate_knows_a_server_by_its_type_and_not_by_its_name(name: str) -> None:
    servers = [*SERVERS, {"name": name, "privateIp": "10.0.1.21", "role": "agent"}]
    recording = record("prod", {"honeydue:servers": servers})
    hook = recording.hooks["one-server-at-a-time"]
    assert isinstance(hook, pulumi.ResourceHook)
    found = [item for item in recording.registrations if item.before_delete == (hook.name,) and name in item.name]
    for item in found:
        with pytest.raises(RuntimeError, match=f"Refusing to delete {name}: honeydue:servers lists it"):
            hook.callback(pulumi.ResourceHookArgs(urn=item.urn, id="", name=item.name, type=item.type))
    assert len(found) == 3, "server, attachment and membership"


LIVE = {
    "tls:index/privateKey:PrivateKey::edge-ssh": "edge",
    "hcloud:index/sshKey:SshKey::edge-ssh": "edge",
    "hcloud:index/firewall:Firewall::edge-firewall": "edge",
    "kubernetes:core/v1:Namespace::routes-namespace": "routes",
    "cloudflare:index/zoneSetting:ZoneSetting::zone-ssl": "zone",
    "cloudflare:index/zoneSetting:ZoneSetting::zone-min-tls-version": "zone",
    "cloudflare:index/zoneSetting:ZoneSetting::zone-always-use-https": "zone",
}
"""Resources by type and name, each with the component that it belongs to, in stacks of earlier versions."""
CHAINS = {
    "edge": ["honeydue:index:PrivateNetwork", "honeydue:index:Fleet"],
    "routes": ["honeydue:index:Routes"],
    "zone": ["honeydue:index:ZoneTls"],
}
"""The types of that component and of those above it, which are part of a URN."""


@pytest.mark.parametrize("resource", LIVE)
def test_the_firewall_the_zone_settings_the_ssh_key_and_the_namespace_keep_their_urns(
    prod: Recording, resource: str
) -> None:
    kind, _, name = resource.partition("::")
    by_urn = {item.urn: item for item in prod.registrations}
    item = prod.named(name, kind)
    above = by_urn[item.parent]
    assert above.name == LIVE[resource]
    chain = []
    while above.type != "pulumi:pulumi:Stack":
        chain.append(above.type)
        above = by_urn[above.parent]
    assert chain == CHAINS[LIVE[resource]]
