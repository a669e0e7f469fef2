"""Render a report for a terminal, as Markdown or as JSON."""

import json
import sys
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from ops.checks.model import Outcome, Report, Result
from ops.markdown import escape

SYMBOLS: Final = {
    Outcome.PASSED: ("√", "green"),
    Outcome.FAILED: ("×", "bold red"),  # noqa: RUF001 - beside √, a cross
    Outcome.WARNING: ("‼", "yellow"),
    Outcome.NOTE: ("i", "cyan"),
    Outcome.SKIPPED: ("-", "dim"),
}


def show(report: Report) -> None:
    """Print the report to stdout, with colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for group in report.groups:
        console.print(Text(group.title, style="bold"))
        for result in group.results:
            symbol, style = SYMBOLS[result.outcome]
            console.print(Text.assemble("  ", (symbol, style), f" {result.name}: {result.text}"))
            for line in _advice(result):
                console.print(Text(f"      {line}"))
    console.print(Text(f"\n{report.headline}", style="bold red" if report.failed else "bold"))


def markdown(report: Report) -> str:
    """Return the report as Markdown: one table per group."""
    lines = [f"### {escape(report.headline)}", ""]
    for group in report.groups:
        lines += [f"**{escape(group.title)}**", "", "| | Check | Finding | What to do |", "|---|---|---|---|"]
        for result in group.results:
            cells = (result.name, result.text, " ".join(_advice(result)))
            lines.append(f"| {SYMBOLS[result.outcome][0]} | {' | '.join(map(escape, cells))} |")
        lines.append("")
    return "\n".join(lines)


def plain_data(report: Report) -> str:
    """Return the report as JSON, for other programs."""
    groups = [
        {
            "title": group.title,
            "checks": [
                {
                    "name": result.name,
                    "outcome": str(result.outcome),
                    "text": result.text,
                    "remedy": result.remedy,
                    "see": result.see,
                }
                for result in group.results
            ],
        }
        for group in report.groups
    ]
    counts = {str(outcome): report.counts[outcome] for outcome in Outcome}
    content = {"stack": report.stack, "failed": report.failed, "counts": counts, "groups": groups}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _advice(result: Result) -> Iterator[str]:
    if result.remedy:
        yield result.remedy
    if result.see:
        yield f"see {result.see}"
