"""The minimum that a server needs before SSH works: a user, the host key, a sysctl for ports 80 and 443, a basic UFW.

Everything else is configured over SSH, because a changed user_data would replace the server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from components import sysctl
from components.firewall import Rule

USER_DATA_LIMIT: Final = 32 * 1024
"""Bytes. Hetzner refuses longer user data, but only at `pulumi up`."""


@dataclass(frozen=True, kw_only=True)
class FirstBoot:
    """The instructions for cloud-init on a server's first boot."""

    hostname: str
    user: str
    authorized_key: str
    host_key_private: str
    host_key_public: str
    rules: Sequence[Rule]
    generation: str

    def user_data(self) -> str:
        """Return the #cloud-config document.

        Raises:
            ValueError: If it is longer than Hetzner accepts.
        """
        document = yaml.safe_dump(self._document(), sort_keys=True, width=120)
        text = f"#cloud-config\n# generation {self.generation}\n{document}"
        if len(text.encode()) > USER_DATA_LIMIT:
            raise ValueError(
                f"user_data of {self.hostname} has {len(text.encode())} bytes; at most {USER_DATA_LIMIT} fit"
            )
        return text

    def _document(self) -> dict[str, Any]:
        return {
            "hostname": self.hostname,
            "locale": False,
            "disable_root": True,
            "ssh_pwauth": False,
            "ssh_deletekeys": True,
            "ssh_keys": {"ed25519_private": self.host_key_private, "ed25519_public": self.host_key_public},
            "users": [
                {
                    "name": self.user,
                    "groups": ["sudo"],
                    "lock_passwd": True,
                    "shell": "/bin/bash",
                    "sudo": "ALL=(ALL) NOPASSWD:ALL",
                    "ssh_authorized_keys": [self.authorized_key],
                }
            ],
            "write_files": [{"path": sysctl.FILE, "content": sysctl.SETTINGS, "permissions": "0644"}],
            "runcmd": [
                ["sh", "-c", "command -v ufw >/dev/null || (apt-get update && apt-get install -y ufw)"],
                ["sysctl", "--system"],
                ["ufw", "default", "deny", "incoming"],
                ["ufw", "default", "deny", "routed"],
                ["ufw", "default", "allow", "outgoing"],
                *[_allow(rule) for rule in self.rules],
                ["ufw", "--force", "enable"],
            ],
        }


def _allow(rule: Rule) -> list[str]:
    words = ["ufw", "allow", "from", str(rule.source), "to", "any", "port", rule.port, "proto", rule.proto]
    return [*words, "comment", rule.comment]
