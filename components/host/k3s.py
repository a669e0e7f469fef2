"""Make this host a member of the k3s cluster: configure, install, join a peer that holds one or begin it, be Ready.

join takes its settings as JSON, the tokens as JSON on stdin. A cluster is begun only where every peer refuses
connections: one that is merely silent may hold a cluster, and a second one would split it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import Any

ROOT = "/"
PORT = 6443
PAUSE = 5  # seconds between two questions to a peer
LOOK = 1  # seconds between two looks at this host
STEADY = 3  # times in a row that all peers must refuse: a peer that restarts refuses too, for a moment
INSTALLER_LIMIT = 1 << 20  # bytes
CONFIG = "etc/rancher/k3s/config.yaml"
TOKENS = "etc/rancher/k3s/config.yaml.d/10-token.yaml"
PENDING = "etc/rancher/k3s/.pending"  # outlives a run that was cut off between a change and the restart
SHARED_KEYS = """debug v vmodule log alsologtostderr node-name node-label node-taint image-credential-provider-bin-dir
image-credential-provider-config selinux lb-server-port protect-kernel-defaults container-runtime-endpoint pause-image
snapshotter private-registry node-external-ip resolv-conf flannel-conf flannel-cni-conf kubelet-arg kube-proxy-arg
prefer-bundled-bin vpn-auth-file"""
SERVER_KEYS = """bind-address advertise-address advertise-port tls-san tls-san-security cluster-cidr service-cidr
service-node-port-range cluster-dns cluster-domain flannel-backend flannel-ipv6-masq flannel-external-ip
egress-selector-mode servicelb-namespace write-kubeconfig write-kubeconfig-mode write-kubeconfig-group helm-job-image
kube-apiserver-arg etcd-arg kube-controller-manager-arg kube-scheduler-arg kube-cloud-controller-manager-arg
etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-name etcd-snapshot-schedule-cron etcd-snapshot-retention
etcd-snapshot-dir etcd-snapshot-compress etcd-s3 etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-skip-ssl-verify
etcd-s3-bucket etcd-s3-region etcd-s3-folder etcd-s3-insecure etcd-s3-timeout default-local-storage-path disable
disable-scheduler disable-cloud-controller disable-kube-proxy disable-network-policy disable-helm-controller
embedded-registry secrets-encryption system-default-registry supervisor-metrics enable-pprof"""


def join(settings: dict[str, Any], secrets: dict[str, str]) -> dict[str, str]:
    """What was done: initialised, joined, updated or unchanged."""
    check(settings)
    unit = "k3s" if settings["role"] == "server" else "k3s-agent"
    _write("etc/sysctl.d/90-honeydue.conf", "net.ipv4.ip_unprivileged_port_start = 80\n", 0o644)
    _run("sysctl", "-p", f"{ROOT}etc/sysctl.d/90-honeydue.conf")
    own = {"node-name": settings["name"], "node-ip": settings["privateIp"], "flannel-iface": _interface(settings)}
    place, mode = _place(settings)
    config = json.dumps({**settings["config"], **own, **place}, indent=1, sort_keys=True)
    files = {CONFIG: f"{config}\n", TOKENS: json.dumps(_tokens(settings, secrets)) + "\n"}
    if not _is_installed(settings, unit) or any(_differs(path, text) for path, text in files.items()):
        _write(PENDING, "restart k3s once the files beside this one are complete\n")
    for path, text in files.items():
        _write(path, text)
    if not _is_installed(settings, unit):
        _install(settings)
    changed = os.path.exists(ROOT + PENDING)
    _run("systemctl", "restart" if changed else "start", "--no-block", unit)
    _wait_until_ready(settings, unit)
    if changed:
        os.remove(ROOT + PENDING)
    mode = mode or ("updated" if changed else "unchanged")
    return {"node": settings["name"], "role": settings["role"], "mode": mode, "version": settings["version"]}


def check(settings: dict[str, Any]) -> None:
    """Refuse settings that k3s would misread: it starts in spite of a key that it does not know."""
    name, role, version, installer = (settings[key] for key in ("name", "role", "version", "installer"))
    known = SHARED_KEYS.split() + (SERVER_KEYS.split() if role == "server" else [])
    unknown = ", ".join(sorted(set(settings["config"]) - set(known)))
    if unknown:
        raise RuntimeError(f"config keys refused for role {role}: {unknown}")
    if settings["config"].get("node-name", name) != name:
        raise RuntimeError(f"config key node-name is not {name}")
    if role not in ("server", "agent") or not re.fullmatch(r"v\d+\.\d+\.\d+\+k3s\d+", version):
        raise RuntimeError("role is server or agent, version is exact, such as v1.34.6+k3s1")
    if not re.match("https?://", installer):
        raise RuntimeError(f"installer is an http(s) URL, not {installer}")


def _interface(settings: dict[str, Any]) -> str:
    """The NIC with the private address: its name differs between server types, and it may come up late."""
    deadline, address = time.monotonic() + min(60, settings["readySeconds"]), settings["privateIp"]
    while True:
        for link in json.loads(_run("ip", "-j", "addr")):
            if any(entry.get("local") == address for entry in link.get("addr_info", [])):
                return str(link["ifname"])
        if time.monotonic() > deadline:
            raise RuntimeError(f"no network interface has the private address {address}")
        time.sleep(LOOK)


def _place(settings: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Where in the cluster this node stands, as configuration, and how it gets there; no new way for a member."""
    server, data, before = settings["role"] == "server", f"{ROOT}var/lib/rancher/k3s/", _present_place()
    known = before.get("server") in [_url(peer) for peer in settings["peers"]]
    if os.path.exists(data + ("server/db/etcd/member" if server else "agent/client-kubelet.crt")) and (server or known):
        return before, ""
    deadline, refusals, states = time.monotonic() + settings["readySeconds"], 0, {"": "silent"}
    while time.monotonic() < deadline:
        states = {peer: _ask(peer) for peer in settings["peers"]}
        for peer, state in states.items():
            if state == "answers":
                return {"server": _url(peer)}, "joined"
        refusals = refusals + 1 if set(states.values()) <= {"refuses"} else 0
        if server and settings["initialise"] and (refusals >= STEADY or not states):
            return {"cluster-init": True}, "initialised"
        print(f"waiting for a control plane: {states}", file=sys.stderr)
        time.sleep(PAUSE)
    silent = ", ".join(peer for peer, state in states.items() if state == "silent")
    if silent and settings["initialise"]:
        danger = "a cluster may live there, and a second one would split it; see to them, the private network and UFW"
        raise RuntimeError(f"not initialised: {silent} neither answer nor refuse on port {PORT}: {danger}")
    raise RuntimeError(f"no control plane answers on port {PORT}: {states}")


def _present_place() -> dict[str, Any]:
    try:
        with open(ROOT + CONFIG) as file:
            return {key: value for key, value in json.load(file).items() if key in ("cluster-init", "server")}
    except (OSError, ValueError):
        return {}


def _url(peer: str) -> str:
    return f"https://{peer}:{PORT}"


def _ask(peer: str) -> str:
    """Whether k3s answers there, the host refuses the connection, or neither."""
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # nothing is told, nothing believed
    connection = http.client.HTTPSConnection(peer, PORT, timeout=PAUSE, context=unverified)
    try:
        connection.request("GET", "/ping")
        connection.getresponse()
    except ConnectionRefusedError:
        return "refuses"
    except (OSError, http.client.HTTPException):
        return "silent"
    finally:
        connection.close()
    return "answers"


def _tokens(settings: dict[str, Any], secrets: dict[str, str]) -> dict[str, str]:
    """An agent never holds the token of the servers."""
    if settings["role"] == "agent":
        return {"token": secrets.get("agent-token") or secrets["token"]}
    return {"token": secrets["token"], **secrets}


def _is_installed(settings: dict[str, Any], unit: str) -> bool:
    try:
        _run("systemctl", "cat", unit)
        return settings["version"] in _run("k3s", "--version").split()
    except (OSError, RuntimeError):
        return False


def _install(settings: dict[str, Any]) -> None:
    """Run the installer of k3s, which verifies the checksum of the binary."""
    with urllib.request.urlopen(settings["installer"], timeout=30) as answer:  # noqa: S310 - check() admits http and https only
        script = answer.read(INSTALLER_LIMIT + 1)
    if len(script) > INSTALLER_LIMIT:
        raise RuntimeError(f"the installer is over {INSTALLER_LIMIT} bytes long, so it is none")
    with tempfile.NamedTemporaryFile() as file:
        file.write(script)
        file.flush()
        wanted = {"VERSION": settings["version"], "EXEC": settings["role"], "SKIP_START": "true"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("K3S_", "INSTALL_K3S_"))}
        _run("sh", file.name, **kept, **{f"INSTALL_K3S_{key}": value for key, value in wanted.items()})


def _wait_until_ready(settings: dict[str, Any], unit: str) -> None:
    deadline = time.monotonic() + settings["readySeconds"]
    lack = _lack(settings, unit)
    while lack:
        if time.monotonic() > deadline:
            log = _run("journalctl", "-u", unit, "-n", "20", "--no-pager", "-o", "cat")
            raise RuntimeError(f"not Ready in time: {lack}\n{log}")
        print(lack, file=sys.stderr)
        time.sleep(LOOK)
        lack = _lack(settings, unit)


def _lack(settings: dict[str, Any], unit: str) -> str:
    """What the node lacks to be a good member, or nothing."""
    try:
        _run("systemctl", "is-active", unit)
        access = [] if unit == "k3s" else ["--kubeconfig", f"{ROOT}var/lib/rancher/k3s/agent/kubelet.kubeconfig"]
        node = json.loads(_run("k3s", "kubectl", *access, "get", "node", settings["name"], "-o", "json"))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return str(error)
    running = node["status"]["nodeInfo"]["kubeletVersion"]
    if running != settings["version"]:
        return f"the node still runs {running}"
    found = {entry["type"]: entry for entry in node["status"].get("conditions", [])}
    for kind, entry in {"Ready": {"status": "no such condition"}, **found}.items():
        if kind in ("Ready", "EtcdIsVoter") and entry["status"] != "True":  # one etcd learner at a time
            return "{} is {status}: {reason}: {message}".format(kind, **{"reason": "", "message": "", **entry})
    return ""


def _differs(path: str, text: str, mode: int = 0o600) -> bool:
    if not os.path.exists(ROOT + path) or os.stat(ROOT + path).st_mode & 0o777 != mode:
        return True
    with open(ROOT + path) as file:
        return file.read() != text


def _write(path: str, text: str, mode: int = 0o600) -> None:
    """Replace a file in one go, if that changes it."""
    if not _differs(path, text, mode):
        return
    path = ROOT + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    os.replace(f"{path}.new", path)


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment or None, check=False)
    if done.returncode:
        name, said = " ".join(command[:4]), " ".join((done.stdout + done.stderr).split())
        raise RuntimeError(f"{name}: {said[-500:]}")
    return done.stdout


if __name__ == "__main__":
    tokens = json.load(sys.stdin)
    try:
        print(json.dumps({"join": join}[sys.argv[1]](json.loads(sys.argv[2]), tokens)))
    except (OSError, RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        text = f"k3s: {error}"
        for secret in tokens.values():
            text = text.replace(secret, "(secret)")
        sys.exit(text)
