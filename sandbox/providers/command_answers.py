"""What a recorded server answers to each host program: one table, and what lies behind each line of it.

The programs themselves are in `components/host/`. Each answer does to the world what its program does to a server, and
refuses what that refuses; what takes a real server minutes fails here at once.
"""

from collections.abc import Callable
from typing import Any, Final

from sandbox.providers.answers_cluster import check, configure, evict, join, kubeconfig, wait_for_rollout
from sandbox.providers.answers_server import FailedError, apply_ufw, confirm_ufw, keep_document, wait_for_boot
from sandbox.providers.ssh import Host

__all__ = ["ANSWERS", "FailedError"]

Answer = Callable[[Host, list[str], str], dict[str, Any] | str]

ANSWERS: Final[dict[tuple[str, str], Answer]] = {
    ("boot", "wait"): wait_for_boot,
    ("ufw", "apply"): apply_ufw,
    ("ufw", "confirm"): confirm_ufw,
    ("k3s", "configure"): configure,
    ("k3s", "join"): join,
    ("evict", "check"): check,
    ("evict", "evict"): evict,
    ("cluster", "kubeconfig"): kubeconfig,
    ("rollout", "wait"): wait_for_rollout,
    ("recovery", "keep"): keep_document,
}
"""By program and verb. An answer is a JSON object, or the text itself."""
