"""A still capture of a terminal, in SVG, from the saved output of a command."""

import io
import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

from pictures.svg import ROLE

WIDTH: Final = 100
"""Columns."""
_RECORDER: Final = re.compile(r"^Script (started|done) on .*$")
"""The lines that util-linux's `script` adds to a recording."""
_MOVEMENT: Final = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]|\x1b\][^\x07]*\x07")
"""Control sequences other than colours."""
_FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" {role}>
<title id="title">{title}</title>
<desc id="description">{description}</desc>
<style>
.{{unique_id}}-matrix {{{{ font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
font-size: {{char_height}}px; line-height: {{line_height}}px }}}}
.{{unique_id}}-title {{{{ font: bold 18px system-ui, 'DejaVu Sans', sans-serif }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal"><rect width="{{terminal_width}}" height="{{terminal_height}}"/></clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


def lines_of(log: str) -> list[str]:
    """Return the lines of a saved output, with their colours, without what a recorder or a moving cursor added."""
    kept = [line.split("\r")[-1] for line in log.replace("\r\n", "\n").split("\n")]
    clean = [_MOVEMENT.sub("", line).rstrip() for line in kept if not _RECORDER.match(line)]
    while clean and not clean[-1]:
        clean.pop()
    return clean


def shortened(lines: Sequence[str], first: int, last: int) -> list[str]:
    """Return the first and last lines as they are, and between them a line that counts the ones left out."""
    left_out = len(lines) - first - last
    if left_out <= 0:
        return list(lines)
    return [*lines[:first], f"... ({left_out} lines are left out here)", *lines[len(lines) - last :]]


def capture(log: str, *, command: str, first: int, last: int) -> str:
    """Return the SVG of a terminal in which the command ran.

    Args:
        log: The saved output of the command, with or without colours.
        command: The command, as it was typed.
        first: The number of lines to show from the start.
        last: The number of lines to show from the end.

    Raises:
        ValueError: If the log has no lines.
    """
    lines = lines_of(log)
    if not lines:
        raise ValueError("the log is empty; save the output of the command to it")
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    console.print(Text(f"$ {command}", style="bold"))
    for line in shortened(lines, first, last):
        console.print(Text.from_ansi(line))
    description = f"The output of `{command}`, {len(lines)} lines; the first {first} and the last {last} are shown."
    template = _FORMAT.format(role=ROLE, title=_literal(command), description=_literal(description))
    return console.export_svg(title=command, code_format=template, unique_id="terminal")


def _literal(text: str) -> str:
    """Escape a text for XML, and for the format string that it becomes part of."""
    return escape(text).replace("{", "{{").replace("}", "}}")
