"""Make this host a member of the k3s cluster: configure and install k3s, join or initialise the cluster, become Ready.

configure reads the settings as JSON on stdin and keeps them for join, which reads the tokens as JSON on stdin. join
initialises a cluster only if every peer refuses connections: a silent peer may run one, and a second would split it.
check reads the settings, too. It changes nothing, and prints how this host differs from them.
"""

from __future__ import annotations

import hashlib
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
PAUSE = 5  # seconds between two requests to a peer
LOOK = 1  # seconds between two checks of this host
STEADY = 3  # times in a row that all peers must refuse: a peer also refuses while it restarts
INSTALLER_LIMIT = 1 << 20  # bytes
CONFIG = "etc/rancher/k3s/config.yaml"
TOKENS = "etc/rancher/k3s/config.yaml.d/10-token.yaml"
SYSCTL = "etc/sysctl.d/90-honeydue.conf"
UNPRIVILEGED = "net.ipv4.ip_unprivileged_port_start = 80\n"
PENDING = "etc/rancher/k3s/.pending"  # remains if a run is cut off between a change and the restart
SETTINGS = "var/lib/honeydue/k3s.json"
DATA = "var/lib/rancher/k3s/"
MEMBER = {"server": DATA + "server/db/etcd/member", "agent": DATA + "agent/client-kubelet.crt"}  # exists on a member
LOG_LINES, LOG_WIDTH = 12, 160  # an error must fit on a screen
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


def configure(settings: dict[str, Any]) -> dict[str, str]:
    """Keep the settings for join. Changes nothing that runs."""
    check(settings)
    text = json.dumps(settings, indent=1, sort_keys=True)
    _write(SETTINGS, text)
    return {"settings": digest(text)}


def digest(settings: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of the settings, as configure keeps them."""
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


def join(version: str, wanted: str, secrets: dict[str, str]) -> dict[str, str]:
    """Make this host a member, and return the mode: initialised, joined, updated or unchanged."""
    with open(ROOT + SETTINGS) as file:
        text = file.read()
    settings = json.loads(text)
    if digest(text) != wanted or settings["version"] != version:
        raise RuntimeError(f"the settings on this server have digest {digest(text)}, not {wanted}: run pulumi up again")
    _check_upgrade(settings)
    unit = "k3s" if settings["role"] == "server" else "k3s-agent"
    _write(SYSCTL, UNPRIVILEGED, 0o644)
    _run("sysctl", "-p", ROOT + SYSCTL)
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


def compare(settings: dict[str, Any]) -> dict[str, Any]:
    """Return how this host differs from its settings: files, the installed release, and the node."""
    check(settings)
    found: list[dict[str, Any]] = [{"kind": "file", "what": text} for text in _file_differences(settings)]
    found += _config_differences(settings)
    found += [{"kind": "extra", "what": path} for path in _extra_files()]
    installed, unit = _installed_version(), "k3s" if settings["role"] == "server" else "k3s-agent"
    if installed != settings["version"]:
        found.append({"kind": "version", "what": "", "wanted": settings["version"], "found": installed or "no k3s"})
    else:
        lack = _lack(settings, unit)
        found += [{"kind": "node", "what": lack}] if lack else []
    return {"differences": found}


def _file_differences(settings: dict[str, Any]) -> list[str]:
    found = []
    if _differs(SETTINGS, json.dumps(settings, indent=1, sort_keys=True)):
        found.append(f"/{SETTINGS} is not as the last update wrote it")
    if _differs(SYSCTL, UNPRIVILEGED, 0o644):
        found.append(f"/{SYSCTL} is not as the last update wrote it")
    for path in (CONFIG, TOKENS):
        if not os.path.exists(ROOT + path):
            found.append(f"/{path} does not exist")
        elif os.stat(ROOT + path).st_mode & 0o777 != 0o600:
            found.append(f"/{path} has mode {os.stat(ROOT + path).st_mode & 0o777:04o}, not 0600")
    if os.path.exists(ROOT + PENDING):
        found.append("k3s has not been restarted since its configuration changed")
    return found


def _extra_files() -> list[str]:
    """Return the files that k3s reads in addition to the program's."""
    folder = os.path.dirname(TOKENS)
    beside = os.listdir(ROOT + folder) if os.path.isdir(ROOT + folder) else []
    paths = [f"{folder}/{name}" for name in sorted(beside) if name.lower().endswith((".yaml", ".yml"))]
    return [f"/{path}" for path in paths if path != TOKENS]


def _config_differences(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each key of the configuration that differs. A key that can hold a secret is named without its value."""
    wanted = {**settings["config"], "node-name": settings["name"], "node-ip": settings["privateIp"]}
    try:
        wanted["flannel-iface"] = _interface({**settings, "readySeconds": 0})
        with open(ROOT + CONFIG) as file:
            present = dict(json.load(file))
    except FileNotFoundError:
        return []
    except RuntimeError as error:
        return [{"kind": "node", "what": str(error)}]
    except (ValueError, TypeError):
        return [{"kind": "file", "what": f"/{CONFIG} is not the JSON that the last update wrote"}]
    known = {*SHARED_KEYS.split(), *SERVER_KEYS.split(), *wanted}
    return [
        {
            "kind": "config",
            "what": key,
            "wanted": wanted.get(key),
            "found": present.get(key) if key in known else "(not shown)",
        }
        for key in sorted({*wanted, *present} - {"cluster-init", "server"})
        if wanted.get(key) != present.get(key)
    ]


def check(settings: dict[str, Any]) -> None:
    """Refuse invalid settings, because k3s also starts with a key that it does not know."""
    name, role, version, installer = (settings[key] for key in ("name", "role", "version", "installer"))
    known = SHARED_KEYS.split() + (SERVER_KEYS.split() if role == "server" else [])
    unknown = ", ".join(sorted(set(settings["config"]) - set(known)))
    if unknown:
        raise RuntimeError(f"config keys not allowed for role {role}: {unknown}")
    if settings["config"].get("node-name", name) != name:
        raise RuntimeError(f"config key node-name must be {name}")
    if role not in ("server", "agent") or not re.fullmatch(r"v\d+\.\d+\.\d+\+k3s\d+", version):
        raise RuntimeError("role must be server or agent, and version exact, such as v1.34.6+k3s1")
    if not re.match("https?://", installer):
        raise RuntimeError(f"installer must be an http(s) URL, not {installer}")


def _check_upgrade(settings: dict[str, Any]) -> None:
    """Refuse a downgrade of a member, and an upgrade that skips a minor version."""
    present, wanted = _installed_version(), str(settings["version"])
    if not present or not os.path.exists(ROOT + MEMBER[settings["role"]]):
        return
    old, new = (tuple(int(number) for number in re.findall(r"\d+", text)) for text in (present, wanted))
    if new < old:
        raise RuntimeError(f"refusing to replace k3s {present} by the older {wanted}: etcd does not support downgrades")
    if new[:2] > (old[0], old[1] + 1):
        raise RuntimeError(f"refusing to upgrade k3s from {present} to {wanted}: upgrade one minor version at a time")


def _interface(settings: dict[str, Any]) -> str:
    """Return the NIC with the private address. Its name differs between server types, and it may come up late."""
    deadline, address = time.monotonic() + min(60, settings["readySeconds"]), settings["privateIp"]
    while True:
        for link in json.loads(_run("ip", "-j", "addr")):
            if any(entry.get("local") == address for entry in link.get("addr_info", [])):
                return str(link["ifname"])
        if time.monotonic() > deadline:
            raise RuntimeError(f"no network interface has the private address {address}")
        time.sleep(LOOK)


def _place(settings: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the configuration to join or initialise the cluster, and the mode. A member keeps its configuration."""
    server, before = settings["role"] == "server", _present_place()
    known = before.get("server") in [_url(peer) for peer in settings["peers"]]
    if os.path.exists(ROOT + MEMBER[settings["role"]]) and (server or known):
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
        time.sleep(PAUSE)
    silent = ", ".join(peer for peer, state in states.items() if state == "silent")
    if silent and settings["initialise"]:
        danger = (
            "a cluster may run there, and a second one would split it; check these peers, the private network and UFW"
        )
        raise RuntimeError(
            f"no cluster was initialised: no answer and no refusal on port {PORT} from {silent}: {danger}"
        )
    found = ", ".join(f"{peer} {'is silent' if state == 'silent' else state}" for peer, state in states.items())
    raise RuntimeError(f"no control plane answers on port {PORT}: {found}")


def _present_place() -> dict[str, Any]:
    try:
        with open(ROOT + CONFIG) as file:
            return {key: value for key, value in json.load(file).items() if key in ("cluster-init", "server")}
    except (OSError, ValueError):
        return {}


def _url(peer: str) -> str:
    return f"https://{peer}:{PORT}"


def _ask(peer: str) -> str:
    """Return answers if k3s answers, refuses if the host refuses the connection, or silent."""
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # sends no secret, trusts no answer
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
    """Return the tokens for the role. An agent never gets the token of the servers."""
    if settings["role"] == "agent":
        return {"token": secrets.get("agent-token") or secrets["token"]}
    return {"token": secrets["token"], **secrets}


def _is_installed(settings: dict[str, Any], unit: str) -> bool:
    try:
        _run("systemctl", "cat", unit)
        return str(settings["version"]) == _installed_version()
    except (OSError, RuntimeError):
        return False


def _installed_version() -> str:
    """Return the version of k3s on this server, such as v1.34.6+k3s1, or an empty text without k3s."""
    try:
        found = re.search(r"v\d+\.\d+\.\d+\+k3s\d+", _run("k3s", "--version"))
    except (OSError, RuntimeError):
        return ""
    return found[0] if found else ""


def _install(settings: dict[str, Any]) -> None:
    """Run the installer of k3s, which verifies the checksum of the binary."""
    with urllib.request.urlopen(settings["installer"], timeout=30) as answer:  # noqa: S310 - check() admits http and https only
        script = answer.read(INSTALLER_LIMIT + 1)
    if len(script) > INSTALLER_LIMIT:
        raise RuntimeError(f"the installer is longer than {INSTALLER_LIMIT} bytes, so it is not k3s' installer")
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
            log = _run("journalctl", "-u", unit, "-n", str(LOG_LINES), "--no-pager", "-o", "cat").splitlines()
            raise RuntimeError("\n".join([f"not Ready in time: {lack}", *[line[:LOG_WIDTH] for line in log]]))
        time.sleep(LOOK)
        lack = _lack(settings, unit)


def _lack(settings: dict[str, Any], unit: str) -> str:
    """Return what the node lacks to be a working member, or an empty text."""
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
    """Replace a file atomically, if its text or mode differs."""
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
    given = json.load(sys.stdin)
    verb = sys.argv[1]
    try:
        if verb == "join":
            print(json.dumps(join(sys.argv[2], sys.argv[3], given)))
        else:
            print(json.dumps({"configure": configure, "check": compare}[verb](given)))
    except (OSError, RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        message = f"k3s: {error}"
        for secret in given.values() if verb == "join" else []:
            message = message.replace(secret, "(secret)")
        sys.exit(message)
