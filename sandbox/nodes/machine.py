"""A server: a disk over this machine's files, namespaces of its own, and a power switch."""

import json
import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.nodes.daemon import Daemon
from sandbox.nodes.fabric import PRIVATE, PUBLIC, Fabric

PRIVATE_DEVICE: Final = "enp7s0"
"""What Hetzner's newer server types call it."""
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_INIT: Final = Path(__file__).with_name("init.sh")
_IMAGE: Final = {"datasource_list": ["NoCloud"], "network": {"config": "disabled"}}
"""What a cloud's own images have settled: where the instructions are, and that addresses are no work of cloud-init."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One server of a sandbox; `host` is its name on the fabric."""

    fabric: Fabric
    host: str

    @property
    def folder(self) -> Path:
        """Its disk, its console's log and its process id."""
        return self.fabric.home / "nodes" / self.host

    @property
    def console(self) -> Path:
        """What it printed since it was made."""
        return self.folder / "console.log"

    def create(self, name: str, user_data: str, public: list[str]) -> None:
        """Make it with an empty disk and cloud-init's instructions, and switch it on."""
        seed = self.folder / "upper" / "var/lib/cloud/seed/nocloud-net"
        for folder in (seed, self.folder / "work", self.folder / "root", self.folder / "upper/etc/cloud/cloud.cfg.d"):
            folder.mkdir(parents=True, exist_ok=True)
        (seed / "user-data").write_text(user_data or "#cloud-config\n{}\n")
        (seed / "user-data").chmod(0o600)
        (seed / "meta-data").write_text(yaml.safe_dump({"instance-id": self.host, "local-hostname": name}))
        (self.folder / "upper/etc/cloud/cloud.cfg.d/99-image.cfg").write_text(yaml.safe_dump(_IMAGE))
        for file, text in {
            "machine-id": "",
            "resolv.conf": "# there is nobody to ask\n",
            "hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n",
        }.items():
            (self.folder / "upper/etc" / file).write_text(text)
        self._plug_into({"public": public})
        self.power_on()

    def attach(self, address: str, prefix: int) -> None:
        """Give it an interface on the private network."""
        self._plug_into({**self._cables, "private": address, "prefix": prefix})
        if self.pid:
            self.fabric.plug(self.host, PRIVATE, PRIVATE_DEVICE, [address], prefix=prefix)

    @property
    def private_address(self) -> str:
        """Its address there, or nothing."""
        return str(self._cables.get("private", ""))

    def detach(self) -> None:
        """Take that interface away."""
        self._plug_into({"public": self._cables["public"]})
        self.fabric.unplug(self.host, PRIVATE_DEVICE)

    @property
    def _cables(self) -> dict[str, Any]:
        """Where it is plugged in, also while it is off."""
        kept: dict[str, Any] = json.loads((self.folder / "cables.json").read_text())
        return kept

    def _plug_into(self, cables: Mapping[str, Any]) -> None:
        (self.folder / "cables.json").write_text(json.dumps(cables))

    def power_on(self) -> None:
        """Boot it, if it is off; what is on its disk is as it was."""
        if self.pid:
            return
        cables = self._cables
        self.fabric.plug(self.host, PUBLIC, "eth0", cables["public"])
        if "private" in cables:
            self.fabric.plug(self.host, PRIVATE, PRIVATE_DEVICE, [cables["private"]], prefix=cables["prefix"])
        unshare = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
        self._process.start(
            [*self.fabric.enter(self.host), *unshare, "sh", str(_INIT), str(self.folder), str(Layout().tools)]
        )

    def power_off(self) -> None:
        """Cut its power: whatever runs there is gone at once."""
        pid = self.pid
        if not pid:
            return
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.pid:
            if time.monotonic() > deadline:
                raise SandboxError(f"the server {self.host} (process {pid}) does not end")
            _reap(pid)
            time.sleep(0.02)
        self.fabric.remove(self.host)  # its filter and its sysctls go with its power

    def delete(self) -> None:
        """Off, and its disk and its network are gone."""
        self.power_off()
        self.fabric.remove(self.host)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Its first process as this machine sees it; 0 if it is off."""
        return self._process.pid

    @property
    def _process(self) -> Daemon:
        return Daemon(folder=self.folder, log=self.console)

    def enter(self) -> list[str]:
        """What to put before a command so that it runs there as root. Raises SandboxError if it is off."""
        if not self.pid:
            raise SandboxError(f"the server {self.host} is off")
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        if not children:
            raise SandboxError(f"the server {self.host} is just starting")
        first = children[0]
        namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid"]
        own = ["env", "-i", "HOME=/root", f"PATH={_PATH}", "LANG=C.UTF-8", f"TERM={os.environ.get('TERM', 'dumb')}"]
        return ["nsenter", "--target", first, *namespaces, f"--root=/proc/{first}/root", "--wdns=/", "--", *own]


def _reap(pid: int) -> None:
    """Take note of the end of a process that this one started; others have parents of their own."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def machines(fabric: Fabric) -> list[Machine]:
    """All servers of a sandbox, running or not."""
    folder = fabric.home / "nodes"
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [Machine(fabric=fabric, host=host) for host in found]
