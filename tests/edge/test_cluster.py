"""k3s on real servers: who gets in, who is turned away, and what goes on when a server is gone."""

import json
from collections.abc import Iterator

import pytest

from tests.edge.conftest import NODES, Stack

CONFIG = "/etc/rancher/k3s/config.yaml"


def nodes(stack: Stack, node: str = "node1") -> dict[str, str]:
    """Each node's Ready, as one of the API servers tells it."""
    found = json.loads(stack.kubectl("get", "nodes", "-o", "json", node=node))["items"]
    return {
        item["metadata"]["name"]: next(one["status"] for one in item["status"]["conditions"] if one["type"] == "Ready")
        for item in found
    }


@pytest.fixture
def configuration(stack: Stack) -> Iterator[dict[str, object]]:
    """node3's configuration, put back with k3s as it was."""
    before = stack.run("node3", "cat", CONFIG)
    yield dict(json.loads(before))
    stack.run("node3", "tee", CONFIG, stdin=before)


def refusal(stack: Stack, configuration: dict[str, object], *, member: bool) -> str:
    """What k3s says to a configuration, as a member of the cluster or as a newcomer; nothing of its data changes."""
    stack.run("node3", "tee", CONFIG, stdin=json.dumps(configuration))
    hidden = (
        [] if member else ["mount -t tmpfs newcomer /var/lib/rancher/k3s", "mount -t tmpfs nobody /etc/rancher/node"]
    )
    script = " && ".join([*hidden, "timeout 60 k3s server 2>&1 || true"])
    return stack.run("node3", "unshare", "--mount", "sh", "-c", script)


@pytest.mark.parametrize("node", NODES)
def test_every_control_plane_knows_all_nodes(stack: Stack, node: str) -> None:
    assert nodes(stack, node) == dict.fromkeys(NODES, "True")


def test_k3s_runs_the_configuration_that_the_program_wrote(stack: Stack) -> None:
    first, second = (json.loads(stack.run(node, "cat", CONFIG)) for node in ("node1", "node2"))
    assert first["cluster-init"] is True
    assert second["server"] == "https://10.0.1.11:6443"
    assert stack.run("node1", "stat", "-c", "%a", "/etc/rancher/k3s/k3s.yaml").strip() == "600"
    flags = stack.run("node2", "sh", "-c", "tr '\\0' '\\n' </proc/$(pgrep -x kube-apiserver)/cmdline").split()
    assert "--advertise-address=10.0.1.12" in flags
    assert [flag for flag in flags if flag.startswith("--encryption-provider-config")], "secrets lie in plain text"


def test_a_key_that_k3s_does_not_know_stops_it(stack: Stack, configuration: dict[str, object]) -> None:
    said = refusal(stack, {**configuration, "clusterinit": True}, member=True)
    assert "flag provided but not defined for k3s server: clusterinit" in said


def test_a_newcomer_with_another_token_is_turned_away(stack: Stack, configuration: dict[str, object]) -> None:
    tokens = "/etc/rancher/k3s/config.yaml.d/10-token.yaml"
    before = stack.run("node3", "cat", tokens)
    stack.run("node3", "tee", tokens, stdin=json.dumps({"token": "guessed"}))
    try:
        said = refusal(stack, configuration, member=False)
    finally:
        stack.run("node3", "tee", tokens, stdin=before)
    assert "failed to validate token: not authorized" in said


def test_a_second_cluster_is_not_begun_beside_the_first(stack: Stack, configuration: dict[str, object]) -> None:
    alone = {key: value for key, value in configuration.items() if key != "server"}
    stack.run("node3", "systemctl", "stop", "k3s")
    try:
        said = refusal(stack, {**alone, "cluster-init": True}, member=False)
    finally:
        stack.run("node3", "tee", CONFIG, stdin=json.dumps(configuration))
        stack.run("node3", "systemctl", "start", "k3s")
    assert "a cluster exists" in said
    assert stack.kubectl("get", "secret", "-n", "kube-system", "k3s-bootstrap", "-o", "name")


def test_a_name_belongs_to_whoever_came_first_with_it(stack: Stack, configuration: dict[str, object]) -> None:
    stack.run("node3", "systemctl", "stop", "k3s")
    try:
        said = refusal(stack, {**configuration, "node-name": "node2"}, member=False)
    finally:
        stack.run("node3", "tee", CONFIG, stdin=json.dumps(configuration))
        stack.run("node3", "systemctl", "start", "k3s")
    assert "Node password rejected" in said


def test_a_restart_of_k3s_leaves_traefik_running(stack: Stack) -> None:
    before = stack.run("node2", "pgrep", "-x", "traefik")
    stack.run("node2", "systemctl", "restart", "k3s")
    stack.run("node2", "sh", "-c", "until k3s kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done")
    assert stack.run("node2", "pgrep", "-x", "traefik") == before
