"""The k3s flags of each server, as keys of /etc/rancher/k3s/config.yaml.

`components/host/k3s.py` adds the node's name, its address and its network interface.
"""

from collections.abc import Sequence
from typing import Any

from components.addresses import AddressPlan


def node_config(
    *, role: str, name: str, private_ip: str, api_addresses: Sequence[str], plan: AddressPlan
) -> dict[str, Any]:
    """Return the flags of one server. Source: k3s' server and agent flags.

    Flags that all control planes must share are the same for all of them.
    """
    config: dict[str, Any] = {"node-name": name}
    if role == "agent":
        return config
    return config | {
        "advertise-address": private_ip,
        "cluster-cidr": str(plan.pod_cidr),
        "cluster-dns": str(plan.cluster_dns),
        "disable": ["servicelb"],
        "etcd-snapshot-retention": 14,
        "flannel-backend": "vxlan",
        "secrets-encryption": True,
        "service-cidr": str(plan.service_cidr),
        "tls-san": sorted(api_addresses),
        "write-kubeconfig-mode": "0600",
    }
