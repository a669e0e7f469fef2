"""Render a report for a terminal, as Markdown and as JSON."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ops.drift.findings import Finding, Report, Subject
from ops.markdown import LIMIT, cut, escape, fenced, with_code

_DIFF_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}
_UNCHECKED: Final = "Not checked"


def show(report: Report, *, raw: bool) -> None:
    """Print the report to stdout; `raw` adds the raw differences."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(Text(report.headline, style="bold red" if report.drifted else "bold"))
    for title, findings in _sections(report):
        console.print(Text(f"\n{title}", style="bold"))
        for finding in findings:
            console.print(Text(f"  {_sentence(finding)}", style="red" if finding.checked else "yellow"))
            console.print(Text(f"      {finding.remedy}", style="dim"))
            for line in finding.details if raw else ():
                console.print(Text(f"      {line}", style=_DIFF_STYLES.get(line[:1], "")))
    for text in _remarks(report):
        console.print(Text(f"\n{text}"))


def markdown(report: Report, limit: int = LIMIT) -> str:
    """Return the report as Markdown of at most `limit` characters.

    A text that is too long loses the raw differences first, then the last findings, and says how many.
    """
    findings = len(report.findings)
    text = _markdown(report, findings, details=True)
    if len(text) > limit:
        text = _markdown(report, findings, details=False)
    while len(text) > limit and findings:
        findings -= 1 + findings // 10
        text = _markdown(report, findings, details=False)
    return text


def plain_data(report: Report) -> str:
    """Return the report as JSON."""
    content = {
        "stack": report.stack,
        "headline": report.headline,
        "drifted": bool(report.drifted),
        "findings": [_data(finding) for finding in report.drifted],
        "notChecked": [_data(finding) for finding in report.unchecked],
        "leftOut": list(report.left_out),
        "notes": list(report.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _sections(report: Report) -> Iterator[tuple[str, Sequence[Finding]]]:
    for subject in Subject:
        found = [finding for finding in report.drifted if finding.subject is subject]
        if found:
            yield subject[:1].upper() + subject[1:] if subject is not Subject.K3S else str(subject), found
    if report.unchecked:
        yield _UNCHECKED, report.unchecked


def _sentence(finding: Finding) -> str:
    place = finding.where if finding.checked else f"{finding.subject} on {finding.where}"
    return f"{place}: {cut(finding.what)}"


def _remarks(report: Report) -> Iterator[str]:
    if report.left_out:
        yield f"Left out: {'; '.join(report.left_out)}."
    yield from (f"note: {cut(note)}" for note in report.notes)


def _markdown(report: Report, kept: int, *, details: bool) -> str:
    lines = [f"## {escape(report.headline)}", ""]
    left = kept
    for title, findings in _sections(report):
        some, left = findings[:left], left - len(findings[:left])
        if not some:
            continue
        lines += [f"### {title}", ""]
        for finding in some:
            lines.append(f"- {escape(_sentence(finding))}  \n  {with_code(finding.remedy)}")
            if finding.details and details:
                block = fenced(finding.details, "diff").replace("\n", "\n  ")
                lines.append(f"  <details><summary>raw difference</summary>\n\n  {block}\n\n  </details>")
        lines.append("")
    if kept < len(report.findings):
        lines += [f"{len(report.findings) - kept:,} findings are left out, because a text at GitHub is limited.", ""]
    lines += [f"{escape(text)}\n" for text in _remarks(report)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _data(finding: Finding) -> dict[str, Any]:
    return {
        "subject": str(finding.subject),
        "where": finding.where,
        "what": finding.what,
        "remedy": finding.remedy,
        "details": list(finding.details),
    }
