"""Eviction: it keeps the quorum, respects PodDisruptionBudgets, and never blocks a teardown."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fake_cluster import FakeCluster, items, node
from tests.unit.host_programs import run_program

SECRET = "-n kube-system delete secret hetzner2.node-password.k3s --ignore-not-found"
BUDGET = "error when evicting pods: Cannot evict pod as it would violate the pod's disruption budget.\n"


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    return FakeCluster(tmp_path)


def three(**changes: dict[str, Any]) -> dict[str, Any]:
    """The design's three servers, one of them otherwise."""
    return items(*[node(name, **changes.get(name, {})) for name in ("hetzner1", "hetzner2", "hetzner3")])


def evict(cluster: FakeCluster, *args: str) -> tuple[int, dict[str, Any], str]:
    done = run_program("evict", "evict", *args, tools=cluster.tools)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_a_server_is_drained_then_deleted_then_loses_its_password(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", three())
    cluster.answer("*")
    assert evict(cluster, "hetzner2", "server") == (0, {"node": "hetzner2", "evicted": True, "drained": True}, "")
    assert [call.split()[0] for call in cluster.changes] == ["drain", "delete", "-n"]
    assert "--ignore-daemonsets --delete-emptydir-data --force --timeout=300s" in cluster.changes[0]
    assert cluster.changes[1].startswith("delete node hetzner2 ")
    assert cluster.changes[2] == SECRET, "a new server of the same name would be refused: node password rejected"


def test_of_a_node_that_no_longer_exists_only_the_password_is_deleted(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", items(node("hetzner1"), node("hetzner3")))
    cluster.answer("*")
    code, answer, _ = evict(cluster, "hetzner2", "server")
    assert (code, answer["evicted"]) == (0, False)
    assert cluster.changes == [SECRET]


def test_a_server_is_not_removed_while_another_is_not_ready(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", three(hetzner3={"ready": False}))
    code, _, said = evict(cluster, "hetzner2", "server")
    assert code == 1
    assert "refusing to remove hetzner2: hetzner3 not Ready; make every other control plane Ready first" in said
    assert cluster.changes == [], "with two of three gone the cluster stops"


def test_a_broken_server_can_be_removed_if_the_others_are_ready(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", three(hetzner2={"ready": False}))
    cluster.answer("drain *", "Drain did not complete\n", code=1)
    cluster.answer("*")
    code, answer, said = evict(cluster, "hetzner2", "server")
    assert (code, answer["evicted"], said) == (0, True, ""), "a dead server must be replaceable"
    assert answer["drained"] is False
    assert "--timeout=60s" in cluster.changes[0]


@pytest.mark.parametrize("names", [["hetzner1", "hetzner2"], ["hetzner2"]])
def test_a_server_is_not_removed_if_the_rest_would_have_no_quorum(cluster: FakeCluster, names: list[str]) -> None:
    cluster.answer("get nodes *", items(*map(node, names), node("worker1", server=False)))
    code, _, said = evict(cluster, "hetzner2", "server")
    assert code == 1
    assert "for a quorum; add one first, or set honeydue:teardown" in said
    assert cluster.changes == []


def test_an_agent_needs_no_quorum(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", items(node("hetzner1"), node("hetzner2", server=False)))
    cluster.answer("*")
    assert evict(cluster, "hetzner2", "agent")[0] == 0


def test_an_agents_readiness_does_not_count_among_servers(cluster: FakeCluster) -> None:
    worker = node("worker1", ready=False, server=False)
    cluster.answer("get nodes *", items(*three()["items"], worker))
    cluster.answer("*")
    assert evict(cluster, "hetzner2", "server")[0] == 0


def test_a_disruption_budget_stops_the_eviction_and_the_node_stays_in_service(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", three())
    cluster.answer("drain *", BUDGET * 40, code=1)
    cluster.answer("uncordon hetzner2")
    code, _, said = evict(cluster, "hetzner2", "server")
    assert code == 1
    assert "hetzner2 was not removed: a PodDisruptionBudget forbids it; add replicas or loosen the budget" in said
    assert len(said.splitlines()) == 1
    assert len(said) < 400, "a drain repeats itself every five seconds"
    assert [call.split()[0] for call in cluster.changes] == ["drain", "uncordon"]


def test_another_failure_of_the_drain_stops_the_eviction_of_a_ready_node(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", three())
    cluster.answer("drain *", "the server is unwell\n", code=1)
    cluster.answer("uncordon hetzner2")
    code, _, said = evict(cluster, "hetzner2", "server")
    assert code == 1
    assert "could not be drained within 300 s: the server is unwell" in said


def test_no_node_is_evicted_if_the_api_does_not_answer(cluster: FakeCluster) -> None:
    cluster.answer("get nodes *", "connection refused\n", code=1)
    code, _, said = evict(cluster, "hetzner2", "server")
    assert (code, said) == (1, "evict: connection refused\n")


def test_a_teardown_needs_no_quorum_and_drains_nothing(cluster: FakeCluster) -> None:
    cluster.answer("delete node hetzner2 *")
    cluster.answer(SECRET)
    assert evict(cluster, "hetzner2", "server", "teardown") == (0, {"node": "hetzner2", "evicted": True}, "")


def test_a_teardown_continues_without_a_cluster(cluster: FakeCluster) -> None:
    cluster.answer("*", "connection refused\n", code=1)
    code, answer, _ = evict(cluster, "hetzner2", "server", "teardown")
    assert (code, answer["evicted"]) == (0, False), "a destroy would stop at a cluster that is no more"


def test_a_teardown_continues_without_k3s(cluster: FakeCluster) -> None:
    (cluster.tools / "k3s").unlink()
    done = run_program("evict", "evict", "hetzner2", "server", "teardown", tools=cluster.tools, only_tools=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("nodes", "ready"),
    [
        (three(), True),
        (three(hetzner2={"ready": False}), False),
        (items(node("hetzner1")), None),
    ],
)
def test_a_check_returns_what_the_peer_sees_and_changes_nothing(
    cluster: FakeCluster, nodes: dict[str, Any], ready: bool | None
) -> None:
    cluster.answer("get nodes *", nodes)
    done = run_program("evict", "check", "hetzner2", "server", tools=cluster.tools)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"node": "hetzner2", "ready": ready})
    assert cluster.changes == []


def test_a_check_by_a_peer_without_k3s_returns_unknown(cluster: FakeCluster) -> None:
    (cluster.tools / "k3s").unlink()
    done = run_program("evict", "check", "hetzner2", "server", tools=cluster.tools, only_tools=True)
    assert (done.returncode, json.loads(done.stdout)["ready"]) == (0, None)
