"""Joining: only changed files are written, mistakes stop before k3s starts, and no secret is printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.host import k3s
from tests.unit.fake_cluster import node
from tests.unit.host_programs import calls, fake
from tests.unit.k3s_flags import SERVER_FLAGS
from tests.unit.k3s_host import PEERS, TOKENS, VERSION, K3sHost


@pytest.fixture
def host(tmp_path: Path) -> Iterator[K3sHost]:
    host = K3sHost(tmp_path)
    yield host
    host.close()


def test_an_upgrade_runs_the_installer_and_restarts(host: K3sHost) -> None:
    host.cluster.answer("--version", "k3s version v1.33.10+k3s1 (abcdef)\n")
    host.node(node("hetzner1", version="v1.33.10+k3s1"), once=True)
    host.node(node("hetzner1"))
    host.is_member({"cluster-init": True})
    assert host.joined()["mode"] == "updated"
    assert (host.tools / "installer").read_text().splitlines() == [
        "INSTALL_K3S_EXEC=server",
        "INSTALL_K3S_SKIP_START=true",
        f"INSTALL_K3S_VERSION={VERSION}",
    ]


def test_the_installer_gets_no_settings_from_the_hosts_environment(
    host: K3sHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K3S_URL", "https://elsewhere:6443")
    monkeypatch.setenv("INSTALL_K3S_SKIP_DOWNLOAD", "true")
    host.not_installed()
    host.joined()
    assert "elsewhere" not in (host.tools / "installer").read_text(), "the installer would keep it for the service"
    assert "SKIP_DOWNLOAD" not in (host.tools / "installer").read_text()


def test_an_installer_that_fails_is_quoted_and_k3s_is_not_started(host: K3sHost) -> None:
    host.not_installed()
    host.serve_installer("echo '[ERROR] Download failed' >&2\nexit 1")
    done = host.join()
    assert done.returncode == 1
    assert "[ERROR] Download failed" in done.stderr
    assert host.starts == []


def test_a_run_cut_off_after_the_change_still_restarts_the_next_time(host: K3sHost) -> None:
    host.installed()
    host.is_member({"cluster-init": True})
    (host.tools / "systemctl").write_text("#!/bin/sh\n[ $1 = restart ] && exit 1\nexit 0\n")
    assert host.join().returncode == 1
    fake(host.tools, "systemctl", "")
    assert host.joined()["mode"] == "updated"
    assert host.starts == ["systemctl restart --no-block k3s"], "k3s would run on with its former configuration"
    assert host.joined()["mode"] == "unchanged"


def test_an_oversized_installer_is_not_run(host: K3sHost) -> None:
    host.not_installed()
    host.serve_installer("", size=2 << 20)
    done = host.join()
    assert done.returncode == 1
    assert "the installer is longer than 1048576 bytes" in done.stderr
    assert not (host.tools / "installer").exists()


def test_an_unreachable_installer_is_reported(host: K3sHost) -> None:
    host.not_installed()
    done = host.join(installer=f"http://127.0.0.1:{host.port}/none")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


def test_the_tokens_are_in_a_file_of_their_own_that_only_root_can_read(host: K3sHost) -> None:
    host.not_installed()
    host.joined()
    config = host.root / "etc/rancher/k3s/config.yaml"
    tokens = host.root / "etc/rancher/k3s/config.yaml.d/10-token.yaml"
    assert json.loads(tokens.read_text()) == TOKENS
    assert (config.stat().st_mode & 0o777, tokens.stat().st_mode & 0o777) == (0o600, 0o600)
    assert TOKENS["token"] not in config.read_text()


def test_an_agent_never_gets_the_servers_token(host: K3sHost) -> None:
    host.not_installed()
    host.peer_answers(PEERS[0])
    host.joined(role="agent", config={})
    tokens = (host.root / "etc/rancher/k3s/config.yaml.d/10-token.yaml").read_text()
    assert json.loads(tokens) == {"token": TOKENS["agent-token"]}


def test_a_token_file_that_others_can_read_gets_mode_600(host: K3sHost) -> None:
    host.not_installed()
    host.joined()
    tokens = host.root / "etc/rancher/k3s/config.yaml.d/10-token.yaml"
    tokens.chmod(0o644)
    host.joined()
    assert tokens.stat().st_mode & 0o777 == 0o600


def test_traefiks_user_may_bind_ports_80_and_443_before_k3s_starts(host: K3sHost) -> None:
    host.not_installed()
    host.joined()
    sysctl = host.root / "etc/sysctl.d/90-honeydue.conf"
    assert sysctl.read_text() == "net.ipv4.ip_unprivileged_port_start = 80\n"
    noted = calls(host.tools)
    assert noted.index(f"sysctl -p {sysctl}") < noted.index("systemctl restart --no-block k3s")


def test_a_host_without_the_private_address_is_refused(host: K3sHost) -> None:
    host.not_installed()
    done = host.join(privateIp="10.0.1.99", readySeconds=0)
    assert done.returncode == 1
    assert done.stderr == "k3s: no network interface has the private address 10.0.1.99\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"config": {"disabled": ["servicelb"]}}, "config keys not allowed for role server: disabled"),
        ({"config": {"token": "x"}}, "config keys not allowed for role server: token"),
        ({"config": {"cluster-reset": True}}, "config keys not allowed for role server: cluster-reset"),
        (
            {"config": {"cluster-init": True, "server": "x"}},
            "config keys not allowed for role server: cluster-init, server",
        ),
        ({"role": "agent", "config": {"tls-san": []}}, "config keys not allowed for role agent: tls-san"),
        ({"role": "worker", "config": {}}, "role must be server or agent"),
        ({"version": "latest"}, "version exact"),
        ({"installer": "file:///etc/passwd"}, "installer must be an http(s) URL"),
        ({"config": {"node-name": "other"}}, "config key node-name must be hetzner1"),
    ],
)
def test_invalid_settings_change_nothing(host: K3sHost, changes: dict[str, Any], said: str) -> None:
    done = host.join(**changes)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not host.root.exists()


def test_every_allowed_key_is_a_flag_of_k3s() -> None:
    assert set((k3s.SHARED_KEYS + " " + k3s.SERVER_KEYS).split()) <= SERVER_FLAGS


def test_a_node_that_does_not_become_ready_fails_with_its_condition_and_the_journal(host: K3sHost) -> None:
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n")
    host.node(node("hetzner1", ready=False))
    done = host.join(peers=[], readySeconds=1)
    assert done.returncode == 1
    assert "not Ready in time: Ready is Unknown: Kubelet: as it says" in done.stderr
    assert "the journal, with (secret) in it" in done.stderr


def test_a_server_is_not_ready_while_it_is_an_etcd_learner(host: K3sHost) -> None:
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n")
    learner = node("hetzner1")
    learner["status"]["conditions"].append({"type": "EtcdIsVoter", "status": "False", "message": "learner"})
    host.node(learner, once=True)
    host.node(node("hetzner1"))
    done = host.join(peers=[])
    assert (done.returncode, done.stderr) == (0, "")
    assert len([call for call in host.cluster.calls if "get node" in call]) == 2, "the next one would fail to join"


def test_a_node_whose_service_is_down_is_not_ready(host: K3sHost) -> None:
    host.installed()
    fake_down = '[ "$1" = is-active ] && { echo activating; exit 3; }\nexit 0'
    (host.tools / "systemctl").write_text(f"#!/bin/sh\n{fake_down}\n")
    done = host.join(peers=[], readySeconds=1)
    assert done.returncode == 1
    assert "systemctl is-active k3s: activating" in done.stderr, "the API may still show the node as it was"


def test_a_missing_token_is_reported_without_a_traceback(host: K3sHost) -> None:
    host.not_installed()
    done = host.join(tokens={"agent-token": "x" * 20}, peers=[], role="server")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "token" in done.stderr


@pytest.mark.parametrize(
    ("present", "wanted", "said"),
    [
        ("v1.35.3+k3s1", "v1.34.6+k3s1", "refusing to replace k3s v1.35.3+k3s1 by the older v1.34.6+k3s1"),
        ("v1.34.6+k3s1", "v1.34.5+k3s1", "refusing to replace k3s v1.34.6+k3s1 by the older v1.34.5+k3s1"),
        ("v1.33.10+k3s1", "v1.35.3+k3s1", "from v1.33.10+k3s1 to v1.35.3+k3s1: upgrade one minor version at a time"),
    ],
)
@pytest.mark.parametrize("role", ["server", "agent"])
def test_a_member_is_never_downgraded_and_never_skips_a_minor_version(
    host: K3sHost, role: str, present: str, wanted: str, said: str
) -> None:
    host.is_member({"cluster-init": True}, role)
    host.cluster.answer("--version", f"k3s version {present} (abcdef)\n")
    config = {"node-name": "hetzner1"}
    done = host.join(role=role, version=wanted, config=config)
    assert done.returncode == 1
    assert said in done.stderr
    assert not host.starts, "k3s was restarted all the same"
    assert host.config == {"cluster-init": True}, "the configuration was changed before the refusal"


def test_a_join_refuses_the_settings_of_another_update(host: K3sHost) -> None:
    configured = host.run("configure", host.settings())
    assert configured.returncode == 0, configured.stderr
    done = host.run("join", TOKENS, VERSION, "0123456789abcdef")
    assert done.returncode == 1
    assert "run pulumi up again" in done.stderr
    assert not host.starts


def test_an_error_starts_with_the_reason_and_fits_on_a_screen(host: K3sHost) -> None:
    host.cluster.answer("--version", f"k3s version {VERSION} (abcdef)\n")
    host.node(node("hetzner1", ready=False))
    fake(host.tools, "journalctl", f"[ $1 = -u ] && for i in $(seq $4); do echo {'x' * 500}; done")
    done = host.join(peers=[], readySeconds=1)
    lines = done.stderr.splitlines()
    assert lines[0].startswith("k3s: not Ready in time: Ready is Unknown")
    assert len(lines) <= 14
    assert max(map(len, lines)) <= 200
