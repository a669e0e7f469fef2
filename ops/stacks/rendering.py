"""Render a comparison of two stack files for a terminal, as Markdown, or as JSON."""

import json
import sys

from rich.console import Console
from rich.text import Text

from ops.stacks.differences import Comparison


def headline(comparison: Comparison) -> str:
    """Return the number of differences in words."""
    number = len(comparison.travelling)
    what = {0: "nothing", 1: "1 difference"}.get(number, f"{number} differences")
    return f"{what} to promote from {comparison.source} to {comparison.target}"


def show(comparison: Comparison) -> None:
    """Print a comparison to stdout, in colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(Text(headline(comparison), style="bold"))
    for problem in comparison.refusals:
        console.print(Text(f"REFUSED: {problem}", style="bold red"))
    for difference in comparison.differences:
        console.print(Text(f"  {difference.text}", style="" if difference.travels else "dim"))
    for note in comparison.notes:
        console.print(Text(f"  note: {note}", style="dim"))


def markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown. All values have passed the loader, so none contains markup."""
    lines = [f"## {headline(comparison).capitalize()}", ""]
    lines += [f"**Refused:** {problem}\n" for problem in comparison.refusals]
    lines += [f"- {difference.text}" for difference in comparison.differences]
    lines += [f"- note: {note}" for note in comparison.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def plain_data(comparison: Comparison) -> str:
    """Return a comparison as JSON, for other programs."""
    content = {
        "from": comparison.source,
        "to": comparison.target,
        "refused": [str(problem) for problem in comparison.refusals],
        "differences": [
            {
                "key": each.place,
                "text": each.text,
                "before": each.before,
                "after": each.after,
                "travels": each.travels,
            }
            for each in comparison.differences
        ],
        "notes": list(comparison.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
