"""The commands `preview` and `guard`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.ending import refuse
from ops.engine import EngineError, Pulumi
from ops.formats import Format
from ops.preview import guard as rules
from ops.preview import markdown, plain_data, terminal
from ops.preview.reading import NotAPreviewError, Preview, parse
from ops.preview.summary import summarise

commands = typer.Typer()


Stack = Annotated[
    str,
    typer.Option("--stack", metavar="STACK", help="Run the preview of this stack; the default is the selected one."),
]
File = Annotated[
    str,
    typer.Option("--json", metavar="FILE", help="Read a saved preview instead of running one; - is stdin."),
]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="Save the preview for --json. Do not publish it."),
]
Form = Annotated[Format, typer.Option("--format", help="markdown is for a comment on a pull request.")]
Raw = Annotated[bool, typer.Option("--raw", help="Show the raw difference of every resource on the terminal.")]


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops preview --stack prod\n\n"
    "python -m ops preview --stack prod --save preview.json --format markdown > comment.md\n\n"
    "pulumi preview --json > preview.json; python -m ops preview --json preview.json\n\n"
    "Exit status: 0, or 1 if the preview failed or a policy refused it, or 2 if there is no preview."
)
def preview(
    stack: Stack = "", file: File = "", save: Save = None, form: Form = Format.TERMINAL, raw: Raw = False
) -> None:
    """Summarise a preview for a reviewer: counts, replacements and deletions, then changes by component."""
    found = _preview(stack, file, save)
    _show(found, None, form, raw=raw)
    raise typer.Exit(1 if found.failed else 0)


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops guard --stack prod\n\n"
    "python -m ops guard --json preview.json --allow 'tls-stays-strict=CHG-42: pulls are off for a test'\n\n"
    f"Rules: {', '.join(rules.RULES)}.\n\n"
    "Exit status: 0 if no rule is violated, 1 if one is, 2 if there is no preview or an option is wrong."
)
def guard(
    *,
    stack: Stack = "",
    file: File = "",
    save: Save = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="RULE=REASON", help="Override one rule (repeatable); the summary says so."),
    ] = None,
    form: Form = Format.TERMINAL,
    raw: Raw = False,
) -> None:
    """Judge a preview: refuse one that would lose a server, an address, all ways in, or the strictness of TLS."""
    allowed = _allowed(allow or [])
    found = _preview(stack, file, save)
    verdict = rules.judge(found, allowed)
    _show(found, verdict, form, raw=raw)
    raise typer.Exit(1 if verdict.refused else 0)


def _show(found: Preview, verdict: rules.Verdict | None, form: Format, *, raw: bool) -> None:
    summary = summarise(found)
    match form:
        case Format.TERMINAL:
            terminal.show(summary, verdict, raw=raw)
        case Format.MARKDOWN:
            sys.stdout.write(markdown.render(summary, verdict))
        case Format.JSON:
            sys.stdout.write(plain_data.render(summary, verdict))


def _preview(stack: str, file: str, save: Path | None) -> Preview:
    """Return the preview of a file, or run one."""
    if file and (stack or save):
        refuse("--json reads a saved preview, and --stack and --save run a new one; give one or the other")
    if file:
        return _read(file)
    try:
        text = Pulumi(stack=stack).preview()
    except EngineError as error:
        refuse(str(error))
    if save:
        _save(save, text)
    return parse(text)


def _save(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    try:
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        refuse(f"{file}: {error.strerror}; --save takes the name of a file that can be written")


def _read(file: str) -> Preview:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{file}: {error.strerror}; --json takes a file with the output of `pulumi preview --json`, or -")
    except ValueError:
        refuse(f"{file}: it is not UTF-8 text; --json takes the output of `pulumi preview --json`")
    try:
        return parse(text)
    except NotAPreviewError as error:
        refuse(f"{file}: {error}; --json takes the output of `pulumi preview --json`")


def _allowed(options: list[str]) -> dict[str, str]:
    allowed: dict[str, str] = {}
    for option in options:
        rule, _, reason = option.partition("=")
        if rule not in rules.RULES:
            refuse(f"--allow {option}: no rule has the name {rule!r}; the rules are {', '.join(rules.RULES)}")
        if not reason.strip():
            refuse(f"--allow {option}: the reason is empty; write RULE=REASON, such as {rule}='CHG-42: planned'")
        allowed[rule] = reason.strip()
    return allowed
