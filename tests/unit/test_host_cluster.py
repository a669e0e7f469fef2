"""The kubeconfig is handed out only once the cluster can take what comes next."""

from pathlib import Path
from typing import Any

import pytest

from components.host.cluster import CRDS
from tests.unit.fake_cluster import FakeCluster, items, node
from tests.unit.host_programs import run_program

NAMES = "hetzner1,hetzner2"
VERSION = "v1.34.6+k3s1"


def crds(*names: str, established: str = "True") -> dict[str, Any]:
    conditions = [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": established}]
    return items(*[{"metadata": {"name": name}, "status": {"conditions": conditions}} for name in names])


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    folder = tmp_path / "host/etc/rancher/k3s"
    folder.mkdir(parents=True)
    (folder / "k3s.yaml").write_text("apiVersion: v1\nkind: Config\n")
    return FakeCluster(tmp_path / "tools")


def kubeconfig(cluster: FakeCluster, *args: str, patience: float = 0.1) -> tuple[int, str, str]:
    root = cluster.tools.parent / "host"
    changes = {"ROOT =": f'ROOT = "{root}/"', "PATIENCE =": f"PATIENCE = {patience}", "PAUSE =": "PAUSE = 0.1"}
    done = run_program("cluster", "kubeconfig", *args, tools=cluster.tools, changes=changes)
    return done.returncode, done.stdout, done.stderr


def test_a_cluster_that_is_whole_hands_out_its_kubeconfig(cluster: FakeCluster) -> None:
    cluster.answer("get --raw /readyz", "ok")
    cluster.answer("get nodes *", items(node("hetzner1"), node("hetzner2"), node("hetzner3", ready=False)))
    cluster.answer("get crd *", crds(*CRDS, "others.example.com"))
    assert kubeconfig(cluster, NAMES, VERSION) == (0, "apiVersion: v1\nkind: Config\n", "")


@pytest.mark.parametrize(
    ("nodes", "present", "said"),
    [
        (items(node("hetzner1")), crds(*CRDS), "node hetzner2"),
        (items(node("hetzner1"), node("hetzner2", ready=False)), crds(*CRDS), "node hetzner2 Ready"),
        (
            items(node("hetzner1"), node("hetzner2", version="v1.33.10+k3s1")),
            crds(*CRDS),
            f"node hetzner2 on {VERSION} (has v1.33.10+k3s1)",
        ),
        (items(node("hetzner1"), node("hetzner2")), crds(*CRDS[1:]), f"CRD {CRDS[0]}"),
        (items(node("hetzner1"), node("hetzner2")), crds(*CRDS, established="False"), f"CRD {CRDS[5]}"),
    ],
)
def test_what_the_cluster_lacks_is_told_and_nothing_is_handed_out(
    cluster: FakeCluster, nodes: dict[str, Any], present: dict[str, Any], said: str
) -> None:
    cluster.answer("get --raw /readyz", "ok")
    cluster.answer("get nodes *", nodes)
    cluster.answer("get crd *", present)
    code, out, error = kubeconfig(cluster, NAMES, VERSION)
    assert (code, out) == (1, "")
    assert said in error.splitlines()[-1]


def test_an_api_that_comes_up_late_is_waited_for(cluster: FakeCluster) -> None:
    cluster.answer("get --raw /readyz", "connection refused\n", code=1, once=True)
    cluster.answer("get --raw /readyz", "ok")
    cluster.answer("get nodes *", items(node("hetzner1"), node("hetzner2")))
    cluster.answer("get crd *", crds(*CRDS))
    code, _, said = kubeconfig(cluster, NAMES, patience=30)
    assert code == 0
    assert said == "waiting for an API that answers (connection refused)\n"


def test_the_wait_is_bounded(cluster: FakeCluster) -> None:
    cluster.answer("*", "connection refused\n", code=1)
    code, _, said = kubeconfig(cluster, NAMES)
    assert code == 1
    assert "after 0.1 s the cluster still lacks: an API that answers (connection refused)" in said
