"""The commands `github comment`, `issue`, `pull-request`, `overrides` and `unpack`."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from ops.ending import USAGE, refuse
from ops.github import overrides as labels
from ops.github import text
from ops.github.artifact import ArtifactError
from ops.github.artifact import unpack as unpack_archive
from ops.github.comments import Comments, head_of
from ops.github.issues import Issues
from ops.github.pull_requests import ForeignBranchError, PullRequest, default_branch
from ops.github.repository import Repository, from_environment
from ops.http import ApiError

commands = typer.Typer()
group = typer.Typer(
    no_args_is_help=True,
    help="Write to GitHub: one comment, issue or pull request per key, updated in place.",
    epilog="Needs GITHUB_TOKEN and GITHUB_REPOSITORY (OWNER/NAME). GITHUB_API_URL selects another API.",
)
commands.add_typer(group, name="github")

_BODY: Final = 4 * 1024 * 1024
"""Bytes of a body's file at most."""
_TITLE: Final = 256
"""GitHub's limit of characters in a title."""
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_STATUS: Final = "Exit status: 0, or 2 if the input is wrong or GitHub refuses or does not answer."

Key = Annotated[str, typer.Option("--key", metavar="KEY", help="Name of the one object: a-z, 0-9 and hyphens.")]
Body = Annotated[Path | None, typer.Option("--body", metavar="FILE", help="File with the Markdown text; - is stdin.")]
Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="One line.")]
Pull = Annotated[int, typer.Option("--pull", metavar="N", min=1, help="Number of the pull request.")]


@group.command(
    epilog="Examples:\n\n"
    "python -m ops github comment --pull 7 --key preview-prod --body comment.md\n\n"
    'python -m ops github comment --pull 7 --key preview-prod --body comment.md --head "$SHA"\n\n'
    "A text over 65,536 characters is cut at the end of a line, and the comment says so.\n\n"
    "Exit status: 0, 1 if --head is not the pull request's head, or 2 if the input is wrong or GitHub refuses or does"
    " not answer."
)
def comment(
    pull: Pull,
    key: Key,
    body: Body,
    head: Annotated[
        str, typer.Option("--head", metavar="SHA", help="Comment only while this is the pull request's head commit.")
    ] = "",
) -> None:
    """Add the comment of a key to a pull request, or edit it in place. Only this account's own comments are edited."""
    content, key = _content(body), _key(key)
    if head and not _SHA.fullmatch(head):
        refuse(f"--head {head!r}: it must be a commit's 40 hexadecimal digits")
    note = " for ".join(part for part in (text.run_link() or "Comment", head and f"commit {head[:12]}") if part)
    with _repository() as repository:
        if head:
            current, is_open = head_of(repository, pull)
            if current != head or not is_open:
                state = f"its head is {current}" if is_open else "it is closed"
                sys.stderr.write(f"no comment: pull request {pull} is not at {head}; {state}\n")
                raise typer.Exit(1)
        done, url = Comments(repository=repository, pull=pull, key=key).put(
            text.compose(content, key, f"<sub>{note}</sub>" if head or text.run_link() else "")
        )
    sys.stdout.write(f"{done} {url}\n")


@group.command(
    epilog="Examples:\n\n"
    "python -m ops github issue --key drift-prod --title 'Stack prod has drifted' --body drift.md\n\n"
    f"python -m ops github issue --key drift-prod --close\n\n{_STATUS}"
)
def issue(
    key: Key,
    title: Title = "",
    body: Body = None,
    close: Annotated[bool, typer.Option("--close", help="Close the issue: there is nothing to report.")] = False,
) -> None:
    """Open the issue of a key, update it in place, or close it."""
    if close and (title or body):
        refuse("--close takes no --title and no --body")
    key = _key(key)
    content, title = ("", "") if close else (_content(body), _title(title))
    with _repository() as repository:
        issues = Issues(repository=repository, key=key)
        if close:
            closed = issues.close()
            sys.stdout.write("".join(f"closed {url}\n" for url in closed) or "no open issue to close\n")
            return
        done, url = issues.put(title, text.compose(content, key, text.run_link()))
    sys.stdout.write(f"{done} {url}\n")


@group.command(
    "pull-request",
    epilog="Example:\n\n"
    "python -m ops github pull-request --branch update/cloudflare-ranges --title 'Update the ranges of Cloudflare'"
    " --body ranges.md --file components/cloudflare_ranges.json\n\n"
    "The files are committed as they are on this machine. A pull request that is opened with the GITHUB_TOKEN of a"
    " workflow starts no workflow: close and reopen it, or use the token of an app.\n\n"
    "Exit status: 0, also if nothing changes; 1 if somebody else pushed to the branch; 2 if the input is wrong or"
    " GitHub refuses or does not answer.",
)
def pull_request(
    branch: Annotated[
        str, typer.Option("--branch", metavar="B", help="Branch of the pull request; it is overwritten.")
    ],
    title: Title,
    body: Body,
    file: Annotated[list[Path], typer.Option("--file", metavar="PATH", help="Changed file (repeatable).")],
    base: Annotated[str, typer.Option("--base", metavar="B", help="Base branch (default: the repository's).")] = "",
) -> None:
    """Open a pull request with changed files, or update it in place. No push is needed."""
    content, title = _content(body), _title(title)
    for name in filter(None, (branch, base)):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", name) or ".." in name or name.endswith((".lock", "/")):
            refuse(f"{name!r} is not a branch's name: letters, digits and ._/-")
    files = {_inside(path): path for path in file}
    with _repository() as repository:
        change = PullRequest(repository=repository, base=base or default_branch(repository), branch=branch)
        if change.base == branch:
            refuse(f"--branch {branch}: it is the base branch, which is never overwritten")
        composed = text.compose(content, re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-"), text.run_link())
        try:
            done, url = change.put(files, title, composed)
        except ForeignBranchError as error:
            sys.stderr.write(f"no pull request: {error}\n")
            raise typer.Exit(1) from error
    sys.stdout.write(f"{done} {url}".rstrip() + "\n")


@group.command(
    epilog="Examples:\n\n"
    "python -m ops github overrides --pull 7\n\n"
    'python -m ops github overrides --commit "$(git rev-parse HEAD)"\n\n'
    "Prints one line RULE=REASON for each override, for `python -m ops guard --allow`. An override needs the label"
    " `allow: RULE`, set by an account with write access, and the line `allow RULE: REASON` in the description."
    f" Others are named on stderr.\n\n{_STATUS}"
)
def overrides(
    pull: Annotated[int | None, typer.Option("--pull", metavar="N", min=1, help="Number of the pull request.")] = None,
    commit: Annotated[
        str,
        typer.Option("--commit", metavar="SHA", help="Commit on the default branch: the pull request merged in it."),
    ] = "",
) -> None:
    """Print the guard's rules that a pull request overrides, with their reasons."""
    if bool(pull) == bool(commit):
        refuse("give either --pull N or --commit SHA")
    if commit and not _SHA.fullmatch(commit):
        refuse(f"--commit {commit!r}: it must be a commit's 40 hexadecimal digits")
    found: dict[str, str] = {}
    with _repository() as repository:
        asked = (
            [repository.send("GET", f"/pulls/{pull}", needs="pull-requests: read")]
            if pull
            else [*labels.merged(repository, commit)]
        )
        for each in asked:
            of_one = labels.overrides(repository, each)
            found |= of_one.allowed
            sys.stderr.write("".join(f"ignored: {line}\n" for line in of_one.ignored))
    sys.stdout.write("".join(f"{rule}={reason}\n" for rule, reason in found.items()))


@group.command(
    epilog="Example:\n\n"
    "python -m ops github unpack --archive artifact --into fork --file preview.json --file number\n\n"
    "Exit status: 0, or 2 if the archive is not usable; then nothing is written. It needs no token."
)
def unpack(
    archive: Annotated[Path, typer.Option("--archive", metavar="PATH", help="The ZIP archive, or the folder with it.")],
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="A folder that does not exist.")],
    file: Annotated[list[str], typer.Option("--file", metavar="NAME", help="A file of the archive (repeatable).")],
) -> None:
    """Unpack named files of an artifact from a stranger's run, and nothing else of it."""
    if into.exists() or any(not re.fullmatch(r"[a-z][a-z0-9._-]*", name) for name in file):
        refuse(f"--into {into} must not exist, and --file takes a plain name such as preview.json")
    try:
        unpack_archive(archive, into, file)
    except ArtifactError as error:
        refuse(str(error))


@contextmanager
def _repository() -> Iterator[Repository]:
    """The repository of the environment; an error of the API ends the command with USAGE."""
    try:
        yield from_environment()
    except ApiError as error:
        sys.stderr.write(f"error: {error}\n")
        raise typer.Exit(USAGE) from error


def _key(key: str) -> str:
    if not text.KEY.fullmatch(key):
        refuse(f"--key {key!r}: it must be 1 to 64 characters of a-z, 0-9 and hyphens")
    return key


def _title(title: str) -> str:
    line = " ".join(title.split())
    if not line or len(line) > _TITLE:
        refuse(f"--title: it must have 1 to {_TITLE} characters, and has {len(line)}")
    return line


def _content(file: Path | None) -> str:
    if file is None:
        refuse("--body FILE is missing")
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            content = stream.read(_BODY + 1)
    except OSError as error:
        refuse(f"--body {file}: {error.strerror}")
    if len(content) > _BODY:
        refuse(f"--body {file}: it is larger than {_BODY // 1024**2} MiB")
    try:
        found = content.decode("utf-8").replace("\r\n", "\n").replace("\0", "")
    except UnicodeDecodeError:
        refuse(f"--body {file}: it is not UTF-8 text")
    if not found.strip():
        refuse(f"--body {file}: it is empty")
    return found


def _inside(path: Path) -> str:
    """Return the path relative to the current folder, the root of the checkout."""
    try:
        inside = path.resolve().relative_to(Path.cwd().resolve()).as_posix()
        path.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"--file {path}: {error.strerror}")
    except ValueError:
        refuse(f"--file {path}: it must be a UTF-8 text file inside the current folder, the root of the checkout")
    return inside
