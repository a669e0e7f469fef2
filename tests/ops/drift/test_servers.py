"""UFW, k3s and Traefik over real SSH: differences are named, and what cannot be asked has its reason."""

import json
import os
import platform
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import host_programs
from ops.drift import servers, ssh
from ops.drift.findings import Finding, Subject
from ops.drift.ssh import CommandError, NotConnectedError, Ssh
from ops.drift.state import Connection, read
from sandbox.engine.layout import ROOT
from tests.ops.drift.cluster import daemonset, nodes
from tests.ops.drift.exported import POLICY, export, server, settings
from tests.ops.drift.ssh_server import SshServer, ssh_server

pytestmark = pytest.mark.skipif(
    (platform.system() != "Linux" or os.geteuid() != 0) and "CI" not in os.environ,
    reason="an SSH server at port 22 needs Linux and root",
)
UFW, K3S = (f"sudo -n python3 {host_programs.path(program)} check" for program in ("ufw", "k3s"))
NONE = json.dumps({"differences": []})
OWN = f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"
"""Loopback addresses of this process's own, because several run these tests at once, and SSH has one port."""
CLEAN = {UFW: (0, NONE), K3S: (0, NONE)}


@pytest.fixture
def first(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "first", f"{OWN}.1") as found:
        yield found


@pytest.fixture
def second(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "second", f"{OWN}.2") as found:
        yield found


def cluster(*names: str, **changes: Any) -> dict[str, tuple[int, str]]:
    """The answers of the API node."""
    return {
        "*get nodes*": (0, json.dumps(nodes(*names))),
        "*get daemonset traefik*": (0, json.dumps(daemonset(len(names), **changes))),
    }


def compared(state: dict[str, Any]) -> list[Finding]:
    with Ssh() as client:
        return servers.compare(read(state), client)


def nobody() -> Connection:
    """A loopback address at which nobody listens."""
    return Connection(host=f"{OWN}.9", user="root", host_key="ssh-ed25519 AAAA", private_key="none")


def test_servers_as_the_state_has_them_differ_in_nothing(first: SshServer, second: SshServer) -> None:
    first.answer({**CLEAN, **cluster("a", "b")})
    second.answer(CLEAN)
    one, two = first.connection(), second.connection()
    assert compared(export(server("a", one), server("b", two), api=one)) == []
    assert [command for command, _ in second.calls] == [UFW, K3S]
    assert json.loads(second.calls[0][1]) == {"ufw": POLICY}
    assert json.loads(second.calls[1][1]) == settings("b")


def test_every_difference_has_its_server_its_words_and_a_remedy(first: SshServer) -> None:
    ufw = [{"kind": "surplus", "what": "allow 8080/tcp"}, {"kind": "inactive", "what": ""}]
    k3s = [
        {"kind": "config", "what": "disable", "wanted": ["servicelb"], "found": ["servicelb", "traefik"]},
        {"kind": "config", "what": "kubelet-arg", "wanted": None, "found": ["max-pods=5"]},
        {"kind": "config", "what": "secrets-encryption", "wanted": True, "found": None},
        {"kind": "config", "what": "agent-token", "wanted": None, "found": "(not shown)"},
        {"kind": "extra", "what": "/etc/rancher/k3s/config.yaml.d/99.yaml"},
        {"kind": "version", "what": "", "wanted": "v1.34.6+k3s1", "found": "v1.33.10+k3s1"},
    ]
    first.answer(
        {
            UFW: (0, json.dumps({"differences": ufw})),
            K3S: (0, json.dumps({"differences": k3s})),
            **cluster("a"),
        }
    )
    found = compared(export(server("a", first.connection()), api=first.connection()))
    assert [(each.subject, each.where, each.what) for each in found] == [
        (Subject.FIREWALL, "a", "UFW has a rule that is not in the policy: allow 8080/tcp"),
        (Subject.FIREWALL, "a", "UFW is switched off"),
        (Subject.K3S, "a", 'k3s\' configuration has disable ["servicelb", "traefik"], not ["servicelb"]'),
        (Subject.K3S, "a", 'k3s\' configuration has kubelet-arg (["max-pods=5"]), which the settings do not have'),
        (Subject.K3S, "a", "k3s' configuration lacks secrets-encryption (true)"),
        (Subject.K3S, "a", "k3s' configuration has agent-token ([secret]), which the settings do not have"),
        (Subject.K3S, "a", "k3s also reads /etc/rancher/k3s/config.yaml.d/99.yaml, which is not the program's"),
        (Subject.K3S, "a", "k3s v1.33.10+k3s1 is installed, not v1.34.6+k3s1"),
    ]
    assert all(each.checked and each.remedy for each in found)
    assert "--replace '**::a-ufw-*'" in found[0].remedy


def test_a_server_that_does_not_answer_is_not_checked_and_the_others_are(first: SshServer) -> None:
    first.answer({**CLEAN, **cluster("a", "b")})
    one = first.connection()
    [missed] = compared(export(server("a", one), server("b", nobody()), api=nobody()))
    assert (missed.subject, missed.where, missed.checked) == (Subject.SERVERS, "b", False)
    assert f"no SSH connection to {OWN}.9: ssh: connect to host {OWN}.9 port 22: Connection refused" in missed.what


def test_the_node_of_a_server_that_does_not_answer_is_judged_by_the_api(first: SshServer) -> None:
    answers = {**CLEAN, **cluster("a", "b")}
    broken = nodes("a", "b")
    broken["items"][1]["status"] = {
        "conditions": [{"type": "Ready", "status": "Unknown"}],
        "nodeInfo": {"kubeletVersion": "v1.33.10+k3s1"},
    }
    first.answer({**answers, "*get nodes*": (0, json.dumps(broken))})
    found = compared(export(server("a", first.connection()), server("b", nobody()), api=first.connection()))
    assert [(each.where, each.what) for each in found if each.checked] == [
        ("b", "its node is not Ready"),
        ("b", "its node runs v1.33.10+k3s1, not v1.34.6+k3s1"),
    ]


def test_another_host_key_is_refused_and_no_command_runs(first: SshServer, second: SshServer) -> None:
    first.answer({**CLEAN, **cluster("a")})
    theirs = first.connection(host_key=second.connection().host_key)
    found = compared(export(server("a", theirs), api=theirs))
    assert [(each.subject, each.checked) for each in found] == [(Subject.SERVERS, False), (Subject.TRAEFIK, False)]
    assert "Host key verification failed" in found[0].what
    assert first.calls == []


def test_a_program_of_an_earlier_version_is_not_checked_and_says_what_to_do(first: SshServer) -> None:
    old = "/usr/local/lib/honeydue/ufw-0123456789abcdef.py"
    first.answer({f"sudo -n python3 {old} check": (1, "ufw: 'confirm'\n"), **cluster("a")})
    found = compared(export(server("a", first.connection(), program=old), api=first.connection()))
    assert [(each.subject, each.checked) for each in found] == [(Subject.FIREWALL, False), (Subject.K3S, False)]
    assert "another version of the host program" in found[0].what
    assert "run `make up`" in found[0].remedy


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((1, "ufw: ufw status failed: ERROR\n"), "ufw: ufw status failed: ERROR"),
        ((0, "<html>"), "its answer is not a list of differences"),
        ((0, '{"differences": [{"what": "no kind"}]}'), "its answer is not a list of differences"),
    ],
)
def test_a_check_that_fails_is_not_mistaken_for_a_clean_server(
    first: SshServer, answer: tuple[int, str], reason: str
) -> None:
    first.answer({**CLEAN, UFW: answer, **cluster("a")})
    [missed] = compared(export(server("a", first.connection()), api=first.connection()))
    assert (missed.subject, missed.checked) == (Subject.FIREWALL, False)
    assert reason in missed.what


def test_a_cluster_that_does_not_answer_is_not_checked(first: SshServer) -> None:
    first.answer({**CLEAN, "*get nodes*": (1, "The connection to the server 127.0.0.1:6443 was refused\n")})
    [missed] = compared(export(server("a", first.connection()), api=first.connection()))
    assert (missed.subject, missed.checked) == (Subject.TRAEFIK, False)
    assert "a: The connection to the server 127.0.0.1:6443 was refused" in missed.what


def test_a_server_without_a_finished_update_is_not_checked() -> None:
    found = compared(export(server("a", None)))
    assert [(each.subject, each.checked) for each in found] == [
        (Subject.FIREWALL, False),
        (Subject.K3S, False),
        (Subject.TRAEFIK, False),
    ]


def test_text_from_a_server_cannot_control_the_terminal_or_show_a_token(first: SshServer) -> None:
    token = f"K10{'a' * 64}::server:{'b' * 16}"
    what = f"allow \x1b]0;title\x07\x1b[31m{token}"
    first.answer({**CLEAN, UFW: (0, json.dumps({"differences": [{"kind": "surplus", "what": what}]})), **cluster("a")})
    [found] = compared(export(server("a", first.connection()), api=first.connection()))
    assert "\x1b" not in found.what
    assert token not in found.what


def test_the_private_key_is_readable_by_its_owner_only_and_gone_at_the_end(
    first: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    first.answer({"true": (0, "")})

    def modes() -> set[int]:
        return {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("key")}

    def use() -> None:
        with Ssh() as client:
            client.run(first.connection(), "true")
            assert modes() == {0o600}
            assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o700}
            raise RuntimeError("a failure in between")

    with pytest.raises(RuntimeError, match="in between"):
        use()
    assert list(place.iterdir()) == []


def test_a_command_that_does_not_end_is_ended(first: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    first.answer({"wait": (0, "hang")})
    monkeypatch.setattr(ssh, "COMMAND_SECONDS", 1.0)
    began = time.monotonic()
    with Ssh() as client, pytest.raises(CommandError, match="it did not end within 1 s"):
        client.run(first.connection(), "wait")
    assert time.monotonic() - began < 10


def test_an_interrupt_ends_the_commands_that_run_and_starts_no_other(first: SshServer) -> None:
    first.answer({"wait": (0, "hang"), "true": (0, "")})
    ended: list[BaseException] = []

    def wait(client: Ssh) -> None:
        try:
            client.run(first.connection(), "wait")
        except (CommandError, NotConnectedError) as error:
            ended.append(error)

    with Ssh() as client:
        thread = threading.Thread(target=wait, args=(client,))
        thread.start()
        while not first.calls and thread.is_alive():
            time.sleep(0.05)
        client.stop()
        thread.join(10)
        assert not thread.is_alive()
        with pytest.raises((CommandError, NotConnectedError)):
            client.run(first.connection(), "true")
    assert len(ended) == 1


def test_a_terminated_command_leaves_neither_the_key_nor_a_connection(first: SshServer, tmp_path: Path) -> None:
    first.answer({UFW: (0, "hang")})
    tools, place = tmp_path / "tools", tmp_path / "temporary"
    for folder in (tools, place):
        folder.mkdir()
    (tools / "state.json").write_text(json.dumps(export(server("a", first.connection()))))
    (tools / "pulumi").write_text(f'#!/bin/sh\nexec cat "{tools}/state.json"\n')
    (tools / "pulumi").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(place)}
    command = [sys.executable, "-m", "ops", "drift", "--only", "servers"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while not first.calls and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            assert list(place.rglob("key")), "the key is not where this test looks for it"
            process.terminate()
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 143
    assert list(place.iterdir()) == []
    assert "Traceback" not in errors


def test_the_key_appears_in_no_text_of_a_connection(first: SshServer) -> None:
    assert "PRIVATE KEY" not in repr(read(export(server("a", first.connection()), api=first.connection())))
