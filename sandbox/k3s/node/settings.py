"""What k3s is told: /etc/rancher/k3s/config.yaml and the files beside it, judged by the flags that k3s has."""

import pkgutil
from pathlib import Path
from typing import Any

import yaml

CONFIG = Path("/etc/rancher/k3s/config.yaml")
AGENT_FLAGS = frozenset(
    """agent-token agent-token-file alsologtostderr bind-address config container-runtime-endpoint data-dir debug
    default-runtime disable-apiserver-lb disable-default-registry-endpoint docker enable-pprof flannel-cni-conf
    flannel-conf flannel-iface image-credential-provider-bin-dir image-credential-provider-config image-service-endpoint
    kube-proxy-arg kubelet-arg lb-server-port log log-format node-external-dns node-external-ip node-internal-dns
    node-ip node-label node-name node-taint nonroot-devices pause-image prefer-bundled-bin private-registry
    protect-kernel-defaults resolv-conf rootless selinux server snapshotter token token-file v vmodule vpn-auth
    vpn-auth-file with-node-id""".split()  # noqa: SIM905 - a list would be a page long
)
"""Source: `k3s agent --help` of 1.34."""


class SettingsError(Exception):
    """What k3s can't start with."""


def server_flags() -> frozenset[str]:
    """The flags of `k3s server`."""
    listed = pkgutil.get_data(__package__ or "node", "server-flags.txt")
    return frozenset((listed or b"").decode().split())


def read(role: str) -> dict[str, Any]:
    """All settings of a role, later files over earlier ones.

    Raises:
        SettingsError: naming every key that k3s does not know; the real one starts in spite of it.
    """
    found: dict[str, Any] = {}
    for file in [CONFIG, *sorted(CONFIG.with_name("config.yaml.d").glob("*.yaml"))]:
        if file.exists():
            found.update(_mapping(file))
    known = server_flags() if role == "server" else AGENT_FLAGS
    unknown = sorted(key for key in found if key not in known)
    if unknown:
        raise SettingsError(f"flag provided but not defined for k3s {role}: {', '.join(unknown)}")
    return found


def _mapping(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text()) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file} holds no mapping")
    return {str(key): value for key, value in content.items()}
