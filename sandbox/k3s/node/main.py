"""k3s: `server`, `agent`, `kubectl` and `--version`, and `echo`, the backend that the sandbox's pods run."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn

from .api import Api, ApiError
from .echo import serve
from .kubelet import Kubelet
from .membership import MembershipError, become_member, begin, show_password, take_keys
from .pki import client, kubeconfig, token_kubeconfig, write
from .planes import LOCAL, ControlPlane
from .release import Release
from .settings import SettingsError, read
from .site import ADMIN_CONFIG, AGENT, PROGRAMS, TLS, site

_KUBELET_CONFIG = AGENT / "kubelet.kubeconfig"


def main() -> NoReturn:
    """What the command line asks for."""
    words = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if words == ["--version"]:
        print(f"k3s version {site().version} (sandbox)")
        sys.exit(0)
    if words[:1] == ["kubectl"]:
        environment = {"KUBECONFIG": str(ADMIN_CONFIG), **os.environ}
        os.execve(PROGRAMS / "kubectl", ["kubectl", *words[1:]], environment)  # noqa: S606 - no shell is wanted
    if words[:1] == ["echo"]:
        serve(words[1], int(words[2]), os.environ.get("HOSTNAME", ""))
        sys.exit(0)
    if words not in (["server"], ["agent"]):
        print("usage: k3s server | agent | kubectl … | --version")
        sys.exit(2)
    try:
        {"server": server, "agent": agent}[words[0]](read(words[0]))
    except (SettingsError, MembershipError, ApiError, RuntimeError, OSError) as error:
        sys.exit(f'level=fatal msg="{error}"')
    sys.exit(1)


def server(settings: dict[str, Any]) -> None:
    """A control plane and a node; ends when one of its processes does."""
    plane = ControlPlane(settings)
    begins = take_keys(settings)
    try:
        plane.serve()
        if begins:
            begin(plane.admin)
        show_password(plane.admin, str(settings["node-name"]))
        become_member()
        plane.control()
        write(AGENT / "ca.crt", (TLS / "ca.crt").read_text())
        shown = client(TLS, "client-kubelet", f"system:node:{settings['node-name']}", "system:nodes")
        write(_KUBELET_CONFIG, kubeconfig(LOCAL, TLS / "ca.crt", shown))
        kubelet = Kubelet(Api(LOCAL, authority=TLS / "ca.crt", certificate=shown), settings, "server")
        kubelet.register()
        release = Release(plane.admin)
        while True:
            plane.judge()
            kubelet.run()
            try:
                release.run()
            except ApiError as error:
                print(f"helm: {error}", file=sys.stderr, flush=True)
    finally:
        plane.end()


def agent(settings: dict[str, Any]) -> None:
    """A node without a control plane."""
    address, token = str(settings["server"]), str(settings["token"])
    authority = AGENT / "ca.crt"
    if not authority.exists():
        found = Api(address, authority=None, token=token).call(
            "GET", "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt"
        )
        write(authority, found["data"]["ca.crt"])
    api = Api(address, authority=authority, token=token)
    show_password(api, str(settings["node-name"]))
    write(_KUBELET_CONFIG, token_kubeconfig(address, authority, token))
    write(AGENT / "client-kubelet.crt", "the agent shows its token\n")
    kubelet = Kubelet(api, settings, "agent")
    kubelet.register()
    while True:
        kubelet.run()
