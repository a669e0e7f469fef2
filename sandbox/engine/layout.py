"""Where everything of a sandbox lies: tools that all runs share, and a home with what stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import broken

ROOT: Final = Path(__file__).resolve().parent.parent.parent
"""The repository."""
REAL: Final = "real"
RECORDED: Final = "recorded"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Folders and files. `tools` is costly and harmless, so it is kept; `home` is what `down` takes away."""

    tools: Path = ROOT / ".sandbox"
    home: Path = ROOT / ".sandbox"

    @property
    def pulumi_home(self) -> Path:
        """The engine's own home, with our plugins."""
        return self.tools / "pulumi-home"

    @property
    def plugins(self) -> Path:
        """Where the engine looks for installed plugins."""
        return self.pulumi_home / "plugins"

    @property
    def cli_home(self) -> Path:
        """The PULUMI_HOME of commands that `python -m sandbox run` starts, with the plugins and their logins."""
        return self.home / "pulumi-cli"

    @property
    def state(self) -> Path:
        """The file backend."""
        return self.home / "state"

    @property
    def world(self) -> Path:
        """The clouds: one SQLite file."""
        return self.home / "world.sqlite"

    @property
    def mark(self) -> Path:
        """Says that this folder is a sandbox's home; whoever changes something there holds a lock on it."""
        return self.home / "this-is-a-sandbox"

    @property
    def servers(self) -> Path:
        """Says whether this sandbox's servers are real or recorded, from its first update on."""
        return self.home / "servers"

    @property
    def kind(self) -> str:
        """The kind of this sandbox's servers, REAL or RECORDED; empty before the first update."""
        if not self.servers.exists():
            return ""
        told = self.servers.read_text(errors="replace").strip()
        if told not in (REAL, RECORDED):
            raise broken(self.servers, f"{REAL} or {RECORDED} was expected")
        return told

    @property
    def nodes(self) -> Path:
        """The real servers' disks and logs."""
        return self.home / "nodes"

    @property
    def edge(self) -> Path:
        """The configuration, certificates and log of Cloudflare's edge."""
        return self.home / "edge"

    @property
    def supply(self) -> Path:
        """What k3s is installed from, and its datastore."""
        return self.home / "supply"

    @property
    def secrets(self) -> Path:
        """What the sandbox generated in place of an operator's secrets."""
        return self.home / "secrets.json"

    @property
    def passphrase(self) -> Path:
        """What encrypts the stacks' secrets."""
        return self.home / "passphrase"

    @property
    def stacks(self) -> Path:
        """One work folder per stack."""
        return self.home / "stacks"

    @property
    def states(self) -> Path:
        """Where the file backend keeps the stacks' states."""
        return self.state / ".pulumi" / "stacks" / "honeydue"

    def state_file(self, stack: str) -> Path:
        """One stack's state."""
        return self.states / f"{stack}.json"

    def locks(self, stack: str) -> Path:
        """The folder of one stack's locks."""
        return self.state / ".pulumi" / "locks" / "organization" / "honeydue" / stack
