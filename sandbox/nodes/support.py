"""Whether this machine can hold real servers, and if not, why."""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT
from sandbox.engine.voice import Voice

PACKAGES: Final = (
    "cloud-init",
    "curl",
    "haproxy",
    "iproute2",
    "iptables",
    "openssh-client",
    "openssh-server",
    "openssl",
    "python3-yaml",
    "sudo",
    "ufw",
    "util-linux",
)
"""What servers, edge and visitors run, as Debian packages: a server's disk is laid over this machine's files."""
_INSTALL: Final = ROOT / "sandbox" / "tools" / "debian-packages.sh"
_TRIAL: Final = (
    "mount --make-rprivate / && mount -t overlay trial -o lowerdir=/,upperdir={0}/upper,workdir={0}/work {0}/root"
)


def obstacle(home: Path) -> str:
    """Why there can be no real servers with their disks in `home`; empty if there can."""
    if platform.system() != "Linux":
        return f"they need Linux, and this is {platform.system()}"
    if os.geteuid() != 0:
        return "they need root"
    if not shutil.which("apt-get"):
        return "they need a Debian or an Ubuntu, whose cloud-init, sshd and UFW they run"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        for name in ("upper", "work", "root"):
            (Path(folder) / name).mkdir()
        trial = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "sh", "-c", _TRIAL.format(folder)]
        done = subprocess.run(trial, capture_output=True, text=True, timeout=60, check=False)
    return f"this machine lets root make no namespace with a disk: {done.stderr.strip()}" if done.returncode else ""


def install(voice: Voice) -> None:
    """Install what servers need and is not there yet; the script says what it installs."""
    done = subprocess.run([_INSTALL, *PACKAGES], capture_output=True, text=True, timeout=900, check=False)
    for line in done.stderr.splitlines():
        if line.startswith("installing Debian packages"):
            voice.say(line)
    if done.returncode:
        raise SandboxError(f"Debian packages for the servers: {done.stderr.strip()[-500:]}")
