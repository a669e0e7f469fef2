"""Render a summary for a terminal, with colours only if it is one."""

import sys

from rich.console import Console
from rich.text import Text

from ops.preview.guard import Verdict
from ops.preview.reading import PolicyMessage
from ops.preview.summary import LOUD, Section, Summary

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow"}


def show(summary: Summary, verdict: Verdict | None, *, raw: bool) -> None:
    """Print the summary to stdout; `raw` adds the raw difference of every resource."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(Text(summary.title, style="bold"))
    if verdict is not None:
        _verdict(console, verdict)
    for each in summary.diagnostics:
        if each.severity == "error":
            _diagnostic(console, each.severity, each.resource, each.message)
    for policy in summary.policies:
        if policy.mandatory:
            _policy(console, policy)
    for note in summary.notes:
        console.print(Text(note))
    _section(console, summary.loud, "bold red", raw=raw)
    for section in summary.groups:
        _section(console, section, "bold", raw=raw)
    _section(console, summary.unknown, "dim", raw=False)
    for each in summary.diagnostics:
        if each.severity != "error":
            _diagnostic(console, each.severity, each.resource, each.message)
    for policy in summary.policies:
        if not policy.mandatory:
            _policy(console, policy)


def _policy(console: Console, policy: PolicyMessage) -> None:
    verb, style = ("refuses", "bold red") if policy.mandatory else ("warns about", "yellow")
    console.print(Text(f"policy {policy.policy} {verb} {policy.resource}: {policy.message}", style=style))


def _section(console: Console, section: Section, style: str, *, raw: bool) -> None:
    if not section.items:
        return
    console.print(Text(f"\n{section.title}", style=style))
    for item in section.items:
        console.print(Text(f"  {item.text}", style="red" if item.kind in LOUD else ""))
        for name, lines in item.diffs if raw else ():
            console.print(Text(f"      {name}", style="dim"))
            for line in lines:
                console.print(Text(f"      {line}", style=_DIFF_STYLES.get(line[:1], "")))


def _verdict(console: Console, verdict: Verdict) -> None:
    if not verdict.refused:
        console.print(Text("guard: no rule refuses this preview", style="green"))
    for finding in verdict.findings:
        if finding.rule not in verdict.allowed:
            console.print(Text(f"guard: {finding.rule}: {finding.text}", style="bold red"))
    for rule, reason in verdict.allowed.items():
        found = [finding.text for finding in verdict.findings if finding.rule == rule]
        console.print(
            Text(f"guard: {rule} is allowed ({reason}): {'; '.join(found) or 'not violated'}", style="yellow")
        )


def _diagnostic(console: Console, severity: str, resource: str, message: str) -> None:
    text = f"{severity}: {resource}: {message}" if resource else f"{severity}: {message}"
    console.print(Text(text, style=_SEVERITY_STYLES.get(severity, "")))
