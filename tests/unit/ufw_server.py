"""A server that is a namespace: the real UFW and the real kernel filter, with nothing of the machine's own touched."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.unit.host_programs import ROOT, source

_WORLD: Final = """
set -e
mount --make-rprivate /
mount -t tmpfs state /mnt
mkdir /mnt/etc && cp -a /etc/ufw/. /mnt/etc/ && cp -a /etc/default/ufw /mnt/default
cp /usr/share/ufw/iptables/*.rules /mnt/etc/ && chmod 640 /mnt/etc/*.rules
sed -i "s/^ENABLED=.*/ENABLED=no/" /mnt/etc/ufw.conf
sed -i "s/^IPV6=.*/IPV6=yes/; s/^DEFAULT_INPUT_POLICY=.*/DEFAULT_INPUT_POLICY=ACCEPT/" /mnt/default
mount --bind /mnt/etc /etc/ufw
mount --bind /mnt/default /etc/default/ufw
mount -t tmpfs run /run
mount -t tmpfs state /var/lib
ip link set lo up
echo ready
exec sleep 600
"""


class UfwServer:
    """Namespaces of its own for network, mounts and processes; gone with all that runs in them on `close`."""

    def __init__(self) -> None:
        subprocess.run([ROOT / "sandbox/tools/debian-packages.sh", "ufw", "iptables", "iproute2"], check=True)
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        self._process = subprocess.Popen([*unshare, "sh", "-c", _WORLD], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "this machine does not let root make namespaces"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._enter = ["nsenter", "--target", children[0], "--net", "--mount", "--pid"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the server."""
        return subprocess.run(
            [*self._enter, *command], input=stdin, capture_output=True, text=True, timeout=120, check=False
        )

    def ufw(self, verb: str, data: Mapping[str, Any], client: str = "") -> subprocess.CompletedProcess[str]:
        """Run the host program as it runs over SSH, from a client's address if one is given."""
        shell = ["env", f"SSH_CLIENT={client} 50000 22", "sh", "-c", 'env -u SSH_CLIENT "$@"; exit $?', "sh"]
        program = ["python3", "-c", source("ufw"), verb]
        return self.run(*(shell if client else []), *program, stdin=json.dumps(data))

    def apply(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a policy that the server must take."""
        done = self.ufw("apply", {"ufw": policy})
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def observed(self) -> tuple[str, str]:
        """What UFW says of itself: its rules and its verbose status."""
        return self.run("ufw", "show", "added").stdout, self.run("ufw", "status", "verbose").stdout

    def wait_for_rules(self, added: str, seconds: float) -> None:
        """Wait until UFW shows these rules; their order, which means nothing where all of them allow, is left out."""
        deadline = time.monotonic() + seconds
        while set(self.run("ufw", "show", "added").stdout.splitlines()) != set(added.splitlines()):
            assert time.monotonic() < deadline, f"after {seconds} s the rules are still {self.observed()[0]}"
            time.sleep(0.5)

    def use_ipv6(self, answer: str) -> None:
        """Tell UFW whether to look after IPv6 at all, `yes` or `no`."""
        edit = f"sed 's/^IPV6=.*/IPV6={answer}/' /etc/default/ufw >/run/edited && cat /run/edited >/etc/default/ufw"
        assert self.run("sh", "-c", edit).returncode == 0

    def wait_until_unguarded(self, seconds: float) -> None:
        """Wait until nothing is left running that could undo a change."""
        deadline = time.monotonic() + seconds
        while self.guards():
            assert time.monotonic() < deadline, f"after {seconds} s a guard still waits"
            time.sleep(0.2)

    def reboot(self) -> None:
        """End the processes that the host programs left running; what is on disk stays."""
        for process in self.guards():
            self.run("kill", "-9", process)

    def guards(self) -> list[str]:
        """The processes that wait to undo a change."""
        return self.run(
            "grep", "--files-with-matches", "--binary-files=text", "ufw.json", *self._command_lines()
        ).stdout.split()

    def _command_lines(self) -> list[str]:
        return self.run("sh", "-c", "ls -d /proc/[0-9]*/cmdline").stdout.split()
