"""Initialising and joining: there is never a second cluster, and members keep their place."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.k3s_host import PEERS, VERSION, K3sHost


@pytest.fixture
def host(tmp_path: Path) -> Iterator[K3sHost]:
    host = K3sHost(tmp_path)
    yield host
    host.close()


def test_the_first_server_initialises_a_cluster_if_every_peer_refuses(host: K3sHost) -> None:
    host.not_installed()
    assert host.joined() == {"node": "hetzner1", "role": "server", "mode": "initialised", "version": VERSION}
    assert host.config == {
        "cluster-init": True,
        "disable": ["servicelb"],
        "flannel-iface": "enp7s0",
        "node-ip": "10.0.1.11",
        "node-name": "hetzner1",
        "secrets-encryption": True,
    }
    assert host.starts == ["systemctl restart --no-block k3s"]


def test_a_server_joins_the_peer_that_answers(host: K3sHost) -> None:
    host.not_installed()
    host.peer_answers(PEERS[1])
    assert host.joined()["mode"] == "joined", "node 1, made anew, would begin a second cluster"
    assert host.config["server"] == f"https://{PEERS[1]}:{host.port}"
    assert "cluster-init" not in host.config


def test_a_silent_peer_does_not_prevent_joining_another(host: K3sHost) -> None:
    host.not_installed()
    host.peer_is_silent(PEERS[0])
    host.peer_answers(PEERS[1])
    assert host.joined()["mode"] == "joined"


def test_no_cluster_is_initialised_while_a_peer_is_silent(host: K3sHost) -> None:
    host.not_installed()
    host.peer_is_silent(PEERS[0])
    done = host.join(readySeconds=2)
    assert done.returncode == 1
    assert f"no answer and no refusal on port {host.port} from {PEERS[0]}" in done.stderr
    assert not (host.root / "etc/rancher/k3s/config.yaml").exists(), "a cluster may run there, and it would be split"
    assert host.starts == []


def test_a_server_that_may_not_initialise_a_cluster_waits_and_gives_up(host: K3sHost) -> None:
    host.not_installed()
    done = host.join(initialise=False, readySeconds=1)
    assert done.returncode == 1
    states = ", ".join(f"{peer} refuses" for peer in PEERS)
    assert f"no control plane answers on port {host.port}: {states}\n" in done.stderr
    assert host.starts == []


def test_a_single_server_initialises_the_cluster(host: K3sHost) -> None:
    host.not_installed()
    assert host.joined(peers=[])["mode"] == "initialised"


def test_an_agent_joins_and_never_initialises_a_cluster(host: K3sHost) -> None:
    host.not_installed()
    host.peer_answers(PEERS[0])
    joined = host.joined(role="agent", config={"node-name": "hetzner1"})
    assert (joined["mode"], joined["role"]) == ("joined", "agent")
    assert host.starts == ["systemctl restart --no-block k3s-agent"]
    kubectl = next(call for call in host.cluster.calls if "get node" in call)
    assert kubectl.startswith(f"--kubeconfig {host.root}/var/lib/rancher/k3s/agent/kubelet.kubeconfig get node")


def test_an_agent_alone_waits_and_gives_up(host: K3sHost) -> None:
    host.not_installed()
    done = host.join(role="agent", config={}, readySeconds=1)
    assert done.returncode == 1
    assert "no control plane answers" in done.stderr


def test_a_correct_member_is_not_changed(host: K3sHost) -> None:
    host.not_installed()
    host.joined()
    (host.root / "var/lib/rancher/k3s/server/db/etcd/member").mkdir(parents=True)
    before = host.config
    assert host.joined()["mode"] == "unchanged"
    assert host.config == before
    assert host.starts[1:] == ["systemctl start --no-block k3s"], "a restart would interrupt what runs there"


def test_a_member_keeps_its_join_configuration(host: K3sHost) -> None:
    host.installed()
    host.is_member({"server": f"https://{PEERS[0]}:{host.port}", "node-name": "hetzner1", "disable": []})
    assert host.joined()["mode"] == "updated"
    assert host.config["server"] == f"https://{PEERS[0]}:{host.port}"
    assert "cluster-init" not in host.config
    assert host.starts == ["systemctl restart --no-block k3s"]


def test_the_member_that_initialised_the_cluster_keeps_that_configuration(host: K3sHost) -> None:
    host.installed()
    host.is_member({"cluster-init": True})
    host.peer_answers(PEERS[0])
    host.joined()
    assert host.config["cluster-init"] is True
    assert "server" not in host.config


def test_a_server_without_etcd_data_asks_its_peers_again(host: K3sHost) -> None:
    host.installed()
    host.write("etc/rancher/k3s/config.yaml", json.dumps({"cluster-init": True}))
    host.peer_answers(PEERS[0])
    assert host.joined()["mode"] == "joined", "meanwhile a peer may have begun the cluster"


def test_an_agent_whose_control_plane_is_gone_joins_another(host: K3sHost) -> None:
    host.installed()
    host.is_member({"server": "https://10.0.1.99:6443"}, role="agent")
    host.peer_answers(PEERS[1])
    assert host.joined(role="agent", config={})["mode"] == "joined"
    assert host.config["server"] == f"https://{PEERS[1]}:{host.port}"
