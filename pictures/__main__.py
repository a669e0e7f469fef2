"""`python -m pictures`: draw the pictures of the documentation again."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from pictures.facts import ROOT, production
from pictures.request_path import draw
from pictures.terminal import capture as capture_of

IMAGES: Final = ROOT / "docs" / "images"
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Draw the pictures of docs/images."
)


@app.command(epilog="Example: python -m pictures diagram")
def diagram() -> None:
    """Draw docs/images/request-path.svg from Pulumi.prod.yaml and the firewall's rules."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "request-path.svg").write_text(draw(production()).render())


@app.command(
    epilog="Example:\n\n"
    "script -qec 'COLUMNS=100 make sandbox' sandbox.log\n\n"
    "python -m pictures capture sandbox.log --command 'make sandbox' --output docs/images/sandbox.svg\n\n"
    "Exit status: 0, or 2 if the log cannot be read or is empty."
)
def capture(
    log: Annotated[Path, typer.Argument(help="The saved output of the command, with colours if it has any.")],
    command: Annotated[str, typer.Option(help="The command as it was typed.")],
    output: Annotated[Path, typer.Option(help="The SVG to write.")],
    first: Annotated[int, typer.Option(min=0, help="Lines to show from the start.")] = 10,
    last: Annotated[int, typer.Option(min=1, help="Lines to show from the end.")] = 24,
) -> None:
    """Draw a still capture of a terminal from the saved output of a command."""
    try:
        drawn = capture_of(log.read_text(errors="replace"), command=command, first=first, last=last)
        output.write_text(drawn)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {log}: {error}\n")
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
