"""Write plain data as YAML on one line, so that it can be inserted anywhere in a file."""

import json
import sys
from typing import Any

import yaml


def one_line(value: Any, style: str | None = None) -> str:
    """Return a value as one line of YAML, which has the same meaning in a flow and in a block.

    Args:
        value: Plain data.
        style: The quotation mark of a string, or None for quotation marks only where they are needed.
    """
    text = yaml.safe_dump(
        [value], default_flow_style=True, default_style=style, width=sys.maxsize, allow_unicode=True, sort_keys=False
    )
    line = text.strip().removeprefix("[").removesuffix("]")
    return json.dumps(value) if len(line.splitlines()) > 1 else line
