"""An OpenSSH server on a loopback address, at port 22, with prepared answers in place of the commands."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ops.drift.state import Connection
from sandbox.engine.layout import ROOT

_ANSWER: Final = """#!{python}
import fnmatch, json, os, pathlib, sys, time
folder = pathlib.Path({folder!r})
command, stdin = os.environ.get("SSH_ORIGINAL_COMMAND", ""), sys.stdin.read()
with (folder / "calls").open("a") as file:
    file.write(json.dumps([command, stdin]) + "\\n")
for pattern, (code, text) in json.loads((folder / "answers.json").read_text()).items():
    if fnmatch.fnmatchcase(command, pattern):
        if text == "hang":
            time.sleep(60)
        (sys.stderr if code else sys.stdout).write(text)
        sys.exit(code)
sys.exit("no answer is prepared for " + command)
"""
_CONFIG: Final = """ListenAddress {address}:22
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
PermitRootLogin prohibit-password
ForceCommand {folder}/answer
UsePAM no
StrictModes no
PidFile none
"""
_START: Final = (
    'mount --make-rprivate / && mount -t tmpfs run /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f "$0"'
)


class SshServer:
    """The server's answers by a shell pattern of the command: an exit status, and a text."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.answer({})

    def answer(self, answers: Mapping[str, tuple[int, str]]) -> None:
        """Prepare other answers. The text `hang` is never sent."""
        (self.folder / "answers.json").write_text(json.dumps(dict(answers)))

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The command and the stdin of each call."""
        noted = self.folder / "calls"
        lines = noted.read_text().splitlines() if noted.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def connection(self, host_key: str = "") -> Connection:
        """The access with the right key, and with another host key if one is given."""
        key = host_key or " ".join((self.folder / "host.pub").read_text().split()[:2])
        private = (self.folder / "key").read_text()
        return Connection(host=self.address, user="root", host_key=key, private_key=private)


@contextmanager
def ssh_server(folder: Path, address: str) -> Iterator[SshServer]:
    """Start a server, whose mounts nobody else sees; end it afterwards."""
    subprocess.run([ROOT / "sandbox/tools/debian-packages.sh", "openssh-server", "openssh-client"], check=True)
    folder.mkdir(parents=True)
    for name in ("host", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(folder / name)], check=True
        )
    answer = folder / "answer"
    answer.write_text(_ANSWER.format(python=sys.executable, folder=str(folder)))
    answer.chmod(0o755)
    config = folder / "config"
    config.write_text(_CONFIG.format(address=address, folder=folder))
    log = (folder / "log").open("w")
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", _START, str(config)], stderr=log, stdout=log)
    try:
        deadline = time.monotonic() + 20
        while "Server listening" not in (folder / "log").read_text():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.05)
        yield SshServer(folder, address)
    finally:
        process.terminate()
        process.wait(20)
        log.close()
