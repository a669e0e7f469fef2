"""`k3s check`: a host that differs from its settings says in what, prints no secret and changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fake_cluster import node
from tests.unit.host_programs import calls, fake
from tests.unit.k3s_host import TOKENS, VERSION, K3sHost

CONFIG = "etc/rancher/k3s/config.yaml"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[K3sHost]:
    """A host that has joined."""
    host = K3sHost(tmp_path)
    host.not_installed()
    host.joined()
    yield host
    host.close()


def check(host: K3sHost, **changes: Any) -> list[dict[str, Any]]:
    done = host.run("check", host.settings(**changes))
    assert done.returncode == 0, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in TOKENS.values())
    return list(json.loads(done.stdout)["differences"])


def files(host: K3sHost) -> dict[str, tuple[bytes, int, int]]:
    """Every file under the host's root: its content, its mode and the time of its last change."""
    found = [path for path in host.root.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in found}


def edit(host: K3sHost, **changes: Any) -> None:
    """Change keys of the configuration by hand; None removes one."""
    config = {**host.config, **changes}
    host.write(CONFIG, json.dumps({key: value for key, value in config.items() if value is not None}))
    (host.root / CONFIG).chmod(0o600)


def test_a_host_as_the_last_update_left_it_differs_in_nothing_and_is_not_changed(host: K3sHost) -> None:
    before, starts = files(host), host.starts
    assert check(host) == []
    assert (files(host), host.starts) == (before, starts)


@pytest.mark.parametrize(
    ("changes", "key", "wanted", "found"),
    [
        ({"disable": ["servicelb", "traefik"]}, "disable", ["servicelb"], ["servicelb", "traefik"]),
        ({"secrets-encryption": None}, "secrets-encryption", True, None),
        ({"kubelet-arg": ["max-pods=5"]}, "kubelet-arg", None, ["max-pods=5"]),
        ({"flannel-iface": "eth0"}, "flannel-iface", "enp7s0", "eth0"),
        ({"node-ip": "203.0.113.11"}, "node-ip", "10.0.1.11", "203.0.113.11"),
        ({"token": TOKENS["token"]}, "token", None, "(not shown)"),
        ({"datastore-endpoint": "postgres://me:word@db"}, "datastore-endpoint", None, "(not shown)"),
    ],
)
def test_a_key_changed_by_hand_is_named_with_both_values(
    host: K3sHost, changes: dict[str, Any], key: str, wanted: Any, found: Any
) -> None:
    edit(host, **changes)
    assert check(host) == [{"kind": "config", "what": key, "wanted": wanted, "found": found}]


def test_a_configuration_that_is_no_longer_json_is_named(host: K3sHost) -> None:
    with (host.root / CONFIG).open("a") as file:
        file.write("disable: traefik\n")
    assert check(host) == [{"kind": "file", "what": f"/{CONFIG} is not the JSON that the last update wrote"}]


def test_files_that_changed_are_named(host: K3sHost) -> None:
    tokens = host.root / "etc/rancher/k3s/config.yaml.d/10-token.yaml"
    tokens.chmod(0o644)
    host.write("etc/rancher/k3s/config.yaml.d/99-mine.yaml", "disable-helm-controller: true\n")
    host.write("etc/rancher/k3s/config.yaml.d/99-mine.yaml.bak", "k3s does not read this one\n")
    host.write("etc/rancher/k3s/.pending", "")
    host.write("etc/sysctl.d/90-honeydue.conf", "")
    host.write("var/lib/honeydue/k3s.json", "{}")
    assert [(each["kind"], each["what"]) for each in check(host)] == [
        ("file", "/var/lib/honeydue/k3s.json is not as the last update wrote it"),
        ("file", "/etc/sysctl.d/90-honeydue.conf is not as the last update wrote it"),
        ("file", "/etc/rancher/k3s/config.yaml.d/10-token.yaml has mode 0644, not 0600"),
        ("file", "k3s has not been restarted since its configuration changed"),
        ("extra", "/etc/rancher/k3s/config.yaml.d/99-mine.yaml"),
    ]


def test_a_configuration_that_is_gone_is_named_once(host: K3sHost) -> None:
    (host.root / CONFIG).unlink()
    assert check(host) == [{"kind": "file", "what": f"/{CONFIG} does not exist"}]


def test_another_release_is_named_whether_installed_or_only_running(tmp_path: Path) -> None:
    host = K3sHost(tmp_path)
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n", once=True)
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n", once=True)
    host.cluster.answer("--version", "k3s version v1.33.10+k3s1 (abcdef)\n")
    host.is_member({"cluster-init": True})
    host.node(node("hetzner1"), once=True)
    host.node(node("hetzner1", version="v1.33.10+k3s1"))
    host.joined()
    host.close()
    [running] = check(host)
    assert running == {"kind": "version", "what": "", "wanted": VERSION, "found": "v1.33.10+k3s1"}


def test_a_node_that_runs_another_release_or_is_not_ready_is_named(tmp_path: Path) -> None:
    host = K3sHost(tmp_path)
    host.installed()
    host.is_member({"cluster-init": True})
    host.joined()
    host.close()
    host.cluster._answers.clear()
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n")
    host.node(node("hetzner1", version="v1.33.10+k3s1"), once=True)
    host.node(node("hetzner1", ready=False))
    assert check(host) == [{"kind": "node", "what": "the node still runs v1.33.10+k3s1"}]
    assert check(host) == [{"kind": "node", "what": "Ready is Unknown: Kubelet: as it says"}]


def test_a_k3s_that_does_not_run_is_named(host: K3sHost) -> None:
    fake(host.tools, "systemctl", "echo inactive; exit 3")
    [stopped] = check(host)
    assert stopped["kind"] == "node"
    assert "inactive" in stopped["what"]


def test_a_lost_private_address_is_named_at_once(host: K3sHost) -> None:
    fake(host.tools, "ip", "echo '[]'")
    assert check(host, readySeconds=600) != []
    assert {"kind": "node", "what": "no network interface has the private address 10.0.1.11"} in check(host)
    assert not [call for call in calls(host.tools) if call.startswith("systemctl restart")][1:]
