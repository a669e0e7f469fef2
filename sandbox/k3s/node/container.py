"""A container: a process with the user, capabilities, files and arguments that its spec gives it.

It has the node's network. A pod with an address of its own listens on that address only, by agreement with the echo
backend, the one image that the sandbox has beside Traefik's.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .moment import now
from .site import PROGRAMS, RUN

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = "HONEYDUE_CONTAINER"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_TRAEFIK = "rancher/mirrored-library-traefik"
ECHO = "honeydue.sandbox/echo"
_ENTER = """set -eu
mkdir -p "$FILES"
mount -t tmpfs -o mode=755 account "$FILES"
printf '%s' "$TOKEN" >"$FILES/token"; cp "$AUTHORITY" "$FILES/ca.crt"; printf '%s' "$NAMESPACE" >"$FILES/namespace"
chmod 0444 "$FILES"/*
for place in $EMPTY; do mkdir -p "$place"; mount -t tmpfs -o mode=1777 empty "$place"; done
[ "$READ_ONLY" = no ] || mount -o remount,bind,ro /
exec "$@"
"""


def end_strays(known: Iterable[str]) -> None:
    """Ends the containers of pods that went while k3s was not there to see it."""
    for folder in (RUN / "pods").glob("*"):
        if folder.name in known:
            continue
        for file in folder.iterdir():
            pid = _process(file, f"{folder.name}/{file.name}")
            if pid:
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _process(file: Path, mark: str) -> int:
    """The process whose id a file holds, if it runs and carries the mark; 0 otherwise."""
    try:
        pid = int(file.read_text())
        with suppress(ChildProcessError):  # of an earlier k3s
            os.waitpid(pid, os.WNOHANG)
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    return pid if f"{_MARK}={mark}".encode() in environment else 0


class Container:
    """One container of a pod on this node; it outlives k3s, and is found again by a mark in its environment."""

    def __init__(self, pod: dict[str, Any], spec: dict[str, Any], address: str, *, api: str, token: str) -> None:
        self._pod = pod
        self._spec = spec
        self._address = address
        self._api = urlsplit(api)
        self._token = token
        self._folder = RUN / "pods" / str(pod["metadata"]["uid"])
        self._folder.mkdir(parents=True, exist_ok=True)
        self._restarts = self._failures = self._unready = 0
        self._ready = False
        self._started = ""
        self._next = 0.0
        self._probes: dict[str, float] = {}
        self._problem = ""

    @property
    def name(self) -> str:
        """Within the pod."""
        return str(self._spec["name"])

    @property
    def pid(self) -> int:
        """Its process; 0 if there is none."""
        return _process(self._folder / self.name, self._mark)

    @property
    def _mark(self) -> str:
        return f"{self._pod['metadata']['uid']}/{self.name}"

    def run(self) -> None:
        """Start it where it does not run, and ask its probes."""
        moment = time.monotonic()
        if not self.pid:
            self._ready = False
            if moment < self._next:
                return
            if self._started:
                self._restarts += 1
            self._next = moment + min(2**self._restarts, 60)
            self._start()
            return
        self._started = self._started or now()
        readiness, liveness = self._spec.get("readinessProbe"), self._spec.get("livenessProbe")
        if not readiness:
            self._ready = True
        elif self._due("readiness", readiness, moment):
            self._unready = 0 if self._answers(readiness) else self._unready + 1
            patience = int(readiness.get("failureThreshold", 3)) if self._ready else 1
            self._ready = self._unready < patience
        if liveness and self._due("liveness", liveness, moment):
            self._failures = 0 if self._answers(liveness) else self._failures + 1
            if self._failures >= int(liveness.get("failureThreshold", 3)):
                self.kill()

    def ask(self) -> None:
        """To end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once."""
        self._signal(signal.SIGKILL)

    def status(self) -> dict[str, Any]:
        """As the API wants it."""
        image = str(self._spec["image"])
        state: dict[str, Any] = {"waiting": {"reason": self._problem or "ContainerCreating"}}
        if self.pid and self._started:
            state = {"running": {"startedAt": self._started}}
        return {
            "name": self.name,
            "image": image,
            "imageID": image,
            "ready": self._ready and bool(self.pid),
            "started": bool(self.pid),
            "restartCount": self._restarts,
            "state": state,
        }

    def _start(self) -> None:
        program = self._program()
        if not program:
            self._problem = "ErrImagePull"
            return
        self._failures, self._probes, self._started = 0, {}, now()
        empty = {volume["name"] for volume in self._pod["spec"].get("volumes", []) if "emptyDir" in volume}
        empty_files = [mount["mountPath"] for mount in self._spec.get("volumeMounts", []) if mount["name"] in empty]
        security = self._spec.get("securityContext", {})
        entering = {
            _MARK: self._mark,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "FILES": _ACCOUNT,
            "TOKEN": self._token,
            "AUTHORITY": "/var/lib/rancher/k3s/agent/ca.crt",
            "NAMESPACE": self._pod["metadata"]["namespace"],
            "EMPTY": " ".join(sorted(empty_files)),
            "READ_ONLY": "yes" if security.get("readOnlyRootFilesystem") else "no",
        }
        inside = ["env", "-i", *(f"{name}={value}" for name, value in self._environment().items()), *program]
        command = ["unshare", "--mount", "sh", "-c", _ENTER, "sh", *self._privileges(), *inside]
        with (self._folder / f"{self.name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=entering, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        (self._folder / self.name).write_text(str(process.pid))
        self._problem = "CrashLoopBackOff" if self._restarts else ""
        time.sleep(0.05)

    def _program(self) -> list[str]:
        """What the image holds, with the spec's arguments."""
        image = str(self._spec["image"]).partition(":")[0]
        arguments = [str(argument) for argument in self._spec.get("args", [])]
        if image == _TRAEFIK:
            return [str(PROGRAMS / "traefik"), *arguments]
        if image == ECHO:
            return [sys.executable, "/usr/local/bin/k3s", "echo", self._address, *arguments]
        return []

    def _privileges(self) -> list[str]:
        """The security contexts, by setpriv's options; the container's outrank the pod's."""
        context = {**self._pod["spec"].get("securityContext", {}), **self._spec.get("securityContext", {})}
        capabilities = context.get("capabilities", {})
        kept = [f"+{name.lower()}" for name in capabilities.get("add", [])]
        words = ["setpriv", "--clear-groups"]
        if "ALL" in capabilities.get("drop", []):
            words.append(f"--bounding-set={','.join(['-all', *kept])}")
            words.append("--inh-caps=-all")
        if context.get("runAsUser") is not None:
            words.append(f"--reuid={context['runAsUser']}")
            words.append(f"--regid={context.get('runAsGroup', context['runAsUser'])}")
        if context.get("allowPrivilegeEscalation") is False:
            words.append("--no-new-privs")
        return [*words, "--"]

    def _environment(self) -> dict[str, str]:
        fields = {
            "metadata.name": self._pod["metadata"]["name"],
            "metadata.namespace": self._pod["metadata"]["namespace"],
            "spec.nodeName": self._pod["spec"]["nodeName"],
            "status.podIP": self._address,
        }
        told: dict[str, str] = {}
        for entry in self._spec.get("env", []):
            field = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            told[entry["name"]] = str(fields.get(field, "")) if field else str(entry.get("value", ""))
        cluster = {
            "KUBERNETES_SERVICE_HOST": str(self._api.hostname),
            "KUBERNETES_SERVICE_PORT": str(self._api.port),
        }
        own = {"HOSTNAME": fields["metadata.name"], "PATH": "/usr/bin:/bin", "HOME": "/", _MARK: self._mark}
        return {**cluster, **told, **own}

    def _due(self, kind: str, probe: dict[str, Any], moment: float) -> bool:
        """Every period; until it is ready, every second."""
        if moment < self._probes.setdefault(kind, moment + float(probe.get("initialDelaySeconds", 0))):
            return False
        waiting = kind == "readiness" and not self._ready
        self._probes[kind] = moment + (1.0 if waiting else float(probe.get("periodSeconds", 10)))
        return True

    def _answers(self, probe: dict[str, Any]) -> bool:
        asked = probe.get("httpGet") or {}
        named = {port.get("name"): port["containerPort"] for port in self._spec.get("ports", [])}
        port = asked.get("port", 80)
        host = str(asked.get("host") or self._address)
        connection = http.client.HTTPConnection(host, int(named.get(port, port)), timeout=1)
        try:
            connection.request("GET", str(asked.get("path", "/")))
            return 200 <= connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _signal(self, number: int) -> None:
        pid = self.pid
        if pid:
            os.kill(pid, number)
