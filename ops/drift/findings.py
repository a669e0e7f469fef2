"""What a comparison found, as data that every rendering consumes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """A part of the comparison, as `--only` names it."""

    CLOUDS = "clouds"
    SERVERS = "servers"
    RANGES = "ranges"


class Subject(StrEnum):
    """The subject of a finding, in the order of the report."""

    CLOUDS = "clouds"
    SERVERS = "servers"
    FIREWALL = "host firewalls"
    K3S = "k3s"
    TRAEFIK = "Traefik"
    RANGES = "Cloudflare's ranges"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference, or one thing that could not be compared.

    Attributes:
        subject: The subject.
        where: The server, the cloud or the file.
        what: The difference, or the reason why nothing could be compared.
        remedy: What an operator does about it.
        checked: Whether the comparison took place. If not, `what` is the reason.
        details: The raw difference, as lines.
    """

    subject: Subject
    where: str
    what: str
    remedy: str
    checked: bool = True
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """The findings about one stack.

    Attributes:
        stack: The stack's name.
        findings: All findings.
        left_out: What the caller did not ask for, in words.
        notes: Messages of the engine that are no difference.
    """

    stack: str
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """The differences, by subject."""
        return _by_subject([finding for finding in self.findings if finding.checked])

    @property
    def unchecked(self) -> tuple[Finding, ...]:
        """What could not be compared, by subject."""
        return _by_subject([finding for finding in self.findings if not finding.checked])

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        found, missed = len(self.drifted), len(self.unchecked)
        result = f"{found} {'difference' if found == 1 else 'differences'}" if found else "no difference"
        unchecked = f", {missed} {'check' if missed == 1 else 'checks'} not possible" if missed else ""
        return f"Drift of {self.stack}: {result}{unchecked}"

    @property
    def status(self) -> int:
        """The exit status: 1 if something differs, else 2 if something could not be compared, else 0."""
        return 1 if self.drifted else 2 if self.unchecked else 0


def _by_subject(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: list(Subject).index(finding.subject)))
