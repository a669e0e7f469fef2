"""What k3s is installed from, and where it keeps its data: one host that no server's end takes along.

The installer and the programs lie on a web server, as at get.k3s.io; the datastore is kine on SQLite, where real
servers would each hold a member of etcd. Both end, with all data, when the last server is gone.
"""

import io
import os
import shutil
import signal
import stat
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.nodes.daemon import Daemon
from sandbox.nodes.fabric import PUBLIC, Fabric
from sandbox.world import World

HOST: Final = "supply"
ADDRESS: Final = "198.18.0.80"
"""Of the range for benchmarks (RFC 2544), so that no server gets it."""
INSTALLER: Final = f"http://{ADDRESS}/install.sh"
"""For `honeydue:k3sInstaller`."""
_DATASTORE: Final = f"http://{ADDRESS}:2379"
_HERE: Final = Path(__file__).resolve().parent
_SETTINGS: Final = "_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"
_PATIENCE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Supply:
    """That host, in one sandbox."""

    fabric: Fabric
    tools: Path

    def open(self) -> None:
        """Be there; cheap to repeat."""
        if not self.fabric.path(HOST).exists():
            self.fabric.plug(HOST, PUBLIC, "eth0", [ADDRESS])
        files = self._folder / "files"
        for folder in (files, self._store.folder, self._web.folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in self._served().items():
            part = files / f"{name}.part"
            part.write_bytes(content)
            part.replace(files / name)
        if not self._store.pid:
            endpoint = f"sqlite://{self._store.folder}/state.db?{_SETTINGS}"
            kine = [str(self.tools / "bin" / "kine"), f"--endpoint={endpoint}", f"--listen-address={ADDRESS}:2379"]
            self._store.start([*self.fabric.enter(HOST), *kine, "--metrics-bind-address=0"])
        if not self._web.pid:
            serve = [sys.executable, str(_HERE / "web.py"), ADDRESS, "80", str(files), str(self._folder / "claim")]
            self._web.start([*self.fabric.enter(HOST), *serve])

    def follow(self, world: World) -> None:
        """Without servers there is no cluster, and no data."""
        if not world.objects("server"):
            self.close()

    def close(self) -> None:
        """Gone, if it was there."""
        for daemon in (self._store, self._web):
            if pid := daemon.pid:
                os.kill(pid, signal.SIGTERM)
                _wait(daemon)
        self.fabric.remove(HOST)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return Layout(home=self.fabric.home).supply

    @property
    def _store(self) -> Daemon:
        return Daemon(folder=self._folder / "store", log=self._folder / "store.log")

    @property
    def _web(self) -> Daemon:
        return Daemon(folder=self._folder / "web", log=self._folder / "web.log")

    def _served(self) -> dict[str, bytes]:
        """What a server can fetch, by name."""
        head = f"#!/bin/sh\nSUPPLY=http://{ADDRESS}\nDATASTORE={_DATASTORE}\n"  # a second such line is a comment
        services = {file.name: file.read_bytes() for file in (_HERE / "services").iterdir()}
        return {**services, "install.sh": (head + (_HERE / "install.sh").read_text()).encode(), "k3s": executable()}


def executable() -> bytes:
    """k3s as one file: the package `node`, for the Python of the server."""
    packed = io.BytesIO(b"#!/usr/bin/python3\n")
    packed.seek(0, io.SEEK_END)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", "from node.main import main\n\nmain()\n")
        for file in sorted((_HERE / "node").iterdir()):
            if stat.S_ISREG(file.stat().st_mode):
                archive.write(file, f"node/{file.name}")
    return packed.getvalue()


def _wait(daemon: Daemon) -> None:
    deadline = time.monotonic() + _PATIENCE
    while daemon.pid:
        if time.monotonic() > deadline:
            raise SandboxError(f"process {daemon.pid} of {daemon.folder} does not end")
        time.sleep(0.02)
