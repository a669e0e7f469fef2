"""Render the visits for a terminal, as Markdown and as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from ops.formats import Format
from ops.visit.verdict import Verdict
from ops.visit.visiting import Visit

_STYLES: Final = {Verdict.ANSWERED: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


def show(visits: Sequence[Visit], form: Format) -> None:
    """Print the visits to stdout."""
    match form:
        case Format.TERMINAL:
            console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
            console.print(Text(headline(visits), style="bold"))
            for each in visits:
                console.print(Text(f"  {_line(each)}", style=_STYLES[each.outcome.verdict]))
        case Format.MARKDOWN:
            lines = [f"- `{each.host}`: {_words(each)}" for each in visits]
            sys.stdout.write("\n".join([f"**{headline(visits)}**", "", *lines]) + "\n")
        case Format.JSON:
            content = [
                {
                    "host": each.host,
                    "verdict": str(each.outcome.verdict),
                    "status": each.outcome.status or None,
                    "reason": each.outcome.reason,
                    "attempts": each.attempts,
                }
                for each in visits
            ]
            sys.stdout.write(json.dumps({"headline": headline(visits), "hosts": content}, indent=1) + "\n")


def headline(visits: Sequence[Visit]) -> str:
    """Return the result in one sentence."""
    verdicts = [each.outcome.verdict for each in visits]
    failed, warned = verdicts.count(Verdict.FAILED), verdicts.count(Verdict.WARNING)
    if failed:
        return f"{failed} of {_hosts(len(visits))} cannot be reached"
    return f"{_hosts(len(visits))} reached" + (f", {warned} with a warning" if warned else "")


def _hosts(number: int) -> str:
    return f"{number} host" if number == 1 else f"{number} hosts"


def _line(each: Visit) -> str:
    return f"{each.outcome.verdict:<9}{each.host}: {_words(each)}"


def _words(each: Visit) -> str:
    status = f"status {each.outcome.status}" if each.outcome.status else ""
    tries = f"after {each.attempts} attempts" if each.attempts > 1 else ""
    return ", ".join(part for part in (status, each.outcome.reason, tries) if part)
