"""The kubeconfig is returned only when the cluster is ready for the next resources."""

from pathlib import Path
from typing import Any

import pytest

from components.host.cluster import CRDS
from tests.unit.fake_cluster import FakeCluster, items, node
from tests.unit.host_programs import run_program


def crds(*names: str, established: str = "True") -> dict[str, Any]:
    conditions = [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": established}]
    return items(*[{"metadata": {"name": name}, "status": {"conditions": conditions}} for name in names])


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    folder = tmp_path / "host/etc/rancher/k3s"
    folder.mkdir(parents=True)
    (folder / "k3s.yaml").write_text("apiVersion: v1\nkind: Config\n")
    (folder / "config.yaml").write_text('{"node-name": "hetzner1"}')
    return FakeCluster(tmp_path / "tools")


def kubeconfig(cluster: FakeCluster, *, patience: float = 0.1) -> tuple[int, str, str]:
    root = cluster.tools.parent / "host"
    changes = {"ROOT =": f'ROOT = "{root}/"', "PATIENCE =": f"PATIENCE = {patience}", "PAUSE =": "PAUSE = 0.1"}
    done = run_program("cluster", "kubeconfig", "1", tools=cluster.tools, changes=changes)
    return done.returncode, done.stdout, done.stderr


def test_a_kubeconfig_needs_only_the_api_the_crds_and_its_own_node(cluster: FakeCluster) -> None:
    cluster.answer("get --raw /readyz", "ok")
    others = [node("hetzner2", ready=False), node("hetzner3", version="v1.33.10+k3s1")]
    cluster.answer("get nodes *", items(node("hetzner1"), *others))
    cluster.answer("get crd *", crds(*CRDS, "others.example.com"))
    assert kubeconfig(cluster) == (0, "apiVersion: v1\nkind: Config\n", ""), "a dead node would take the API with it"


@pytest.mark.parametrize(
    ("nodes", "present", "said"),
    [
        (items(node("hetzner2")), crds(*CRDS), "node hetzner1 Ready"),
        (items(node("hetzner1", ready=False)), crds(*CRDS), "node hetzner1 Ready"),
        (items(node("hetzner1")), crds(*CRDS[1:]), f"CRD {CRDS[0]}"),
        (items(node("hetzner1")), crds(*CRDS, established="False"), f"CRD {CRDS[5]}"),
    ],
)
def test_an_incomplete_cluster_returns_no_kubeconfig_and_names_what_it_lacks(
    cluster: FakeCluster, nodes: dict[str, Any], present: dict[str, Any], said: str
) -> None:
    cluster.answer("get --raw /readyz", "ok")
    cluster.answer("get nodes *", nodes)
    cluster.answer("get crd *", present)
    code, out, error = kubeconfig(cluster)
    assert (code, out) == (1, "")
    assert said in error.splitlines()[0]


def test_a_late_api_is_awaited(cluster: FakeCluster) -> None:
    cluster.answer("get --raw /readyz", "connection refused\n", code=1, once=True)
    cluster.answer("get --raw /readyz", "ok")
    cluster.answer("get nodes *", items(node("hetzner1")))
    cluster.answer("get crd *", crds(*CRDS))
    assert kubeconfig(cluster, patience=30)[0] == 0


def test_the_wait_is_bounded(cluster: FakeCluster) -> None:
    cluster.answer("*", "connection refused\n", code=1)
    code, _, said = kubeconfig(cluster)
    assert code == 1
    assert "after 0.1 s the cluster still lacks: an API that answers (connection refused)" in said
