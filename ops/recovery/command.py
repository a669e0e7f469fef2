"""The command `import`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import yaml
from rich.console import Console

from ops.ending import refuse
from ops.engine import EngineError, Pulumi
from ops.formats import Format
from ops.http import ApiError
from ops.markdown import escape

if TYPE_CHECKING:
    from ops.recovery.recover import Recovery

commands = typer.Typer()

_TOKENS: Final = ("hcloud:token", "cloudflare:apiToken")
"""The keys of the APIs' tokens in the stack's config, which the program and its providers use, too."""


Stack = Annotated[str, typer.Option("--stack", metavar="STACK", help="The stack whose state was lost.")]
Document = Annotated[
    Path,
    typer.Option(
        "--recovery", metavar="FILE", help="The recovery document, /var/lib/honeydue/recovery.json of a control plane."
    ),
]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="The import file. It contains secrets; delete it after the import."),
]
Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", metavar="FILE", help="Read the cluster with this kubeconfig instead of the document's own."
    ),
]
Form = Annotated[Format, typer.Option("--format", help="The form of the result.")]


@commands.command(
    name="import",
    epilog="Example:\n\n"
    "python -m ops import --stack prod --recovery recovery.json --out import.json\n\n"
    "pulumi import --stack prod --file import.json --protect=false --generate-code=false\n\n"
    "docs/operations.md, 'When the state is lost', has all steps.\n\n"
    "Exit status: 0 if the file is complete, 1 if an object is missing or belongs to something else (no file is "
    "written), 2 if the search was not possible.",
)
def import_state(
    stack: Stack, document: Document, out: Out, kubeconfig: Kubeconfig = None, form: Form = Format.TERMINAL
) -> None:
    """Find a stack's objects after its state was lost, and write a file for `pulumi import`. Nothing is changed.

    The objects are looked for at Hetzner, at Cloudflare and in the cluster. Keys, tokens and certificates come from the
    recovery document.
    """
    found = _search(stack, document, kubeconfig)
    if not found.problems:
        _write(found, out)
    _show(found, out, form)
    raise typer.Exit(1 if found.problems else 0)


def _search(stack: str, file: Path, kubeconfig: Path | None) -> "Recovery":
    """Run the program, and look for each resource that it registers."""
    from ops.recovery import program  # noqa: PLC0415 - these import the Pulumi SDK, which no other command needs
    from ops.recovery.searching import NoSearchError, search  # noqa: PLC0415 - as above

    folder = Path.cwd()
    try:
        project, config, secret_keys = _config(stack, folder)
        with Console(stderr=True).status(f"looking for everything that belongs to {stack}"):
            return search(
                folder / "__main__.py",
                program.Stack(project=project, name=stack, config=config, secret_keys=secret_keys),
                file,
                kubeconfig,
                {key: config.get(key, "") for key in _TOKENS},
            )
    except (EngineError, ApiError, NoSearchError) as error:
        refuse(str(error))


def _config(stack: str, folder: Path) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Return the project's name, the stack's config over the project's defaults, and the keys of its secrets.

    Raises:
        EngineError: If the stack or its secrets provider cannot be used.
    """
    if not (folder / "Pulumi.yaml").exists():
        raise EngineError(f"{folder} has no Pulumi.yaml; start this command in the repository's folder")
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    name = str(project["name"])
    config = {f"{name}:{key}": _text(each["default"]) for key, each in project["config"].items() if "default" in each}
    given = json.loads(Pulumi(stack=stack, folder=folder).run(["config", "--show-secrets", "--json"]).stdout)
    config |= {key: each["value"] for key, each in given.items() if "value" in each}
    return name, config, tuple(key for key, each in given.items() if each.get("secret"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _write(found: "Recovery", out: Path) -> None:
    from ops.recovery import import_file  # noqa: PLC0415 - as above

    unknown = import_file.unknown(found.entries)
    if unknown:
        refuse(f"the search left values of {', '.join(unknown)} unknown; this is a defect of `ops import`")
    try:
        import_file.write(out, import_file.render(found.entries))
    except OSError as error:
        refuse(f"{out}: {error.strerror}; --out takes the name of a file that can be written")


def _show(found: "Recovery", out: Path, form: Format) -> None:
    result = {
        "resources": len(found.entries),
        "file": None if found.problems else str(out),
        "problems": found.problems,
        "commandsThatRunAgain": found.again,
    }
    if form is Format.JSON:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
        return
    bullet, mark = ("- ", "`") if form is Format.MARKDOWN else ("  ", "")
    if found.problems:
        lines = ["No file was written, because these objects were not found:", ""]
        shown = escape if form is Format.MARKDOWN else str
        lines += [f"{bullet}{shown(problem)}" for problem in found.problems]
    else:
        lines = [f"{len(found.entries)} resources were found, and {mark}{out}{mark} was written. It contains secrets."]
    if found.again and not found.problems:
        lines += ["", "The next update runs these commands again, because they differ from those that last ran:", ""]
        lines += [f"{bullet}{mark}{name}{mark}" for name in found.again]
    text = "\n".join(lines) + "\n"
    if form is Format.MARKDOWN:
        sys.stdout.write(text)
    else:
        Console(soft_wrap=True, highlight=False).print(text, end="", markup=False)
