"""Overrides of the guard's rules that a pull request asks for: a label authorises, the description has the reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ops.github.repository import Repository
from ops.http import ApiError
from ops.preview.guard import RULES

LABEL: Final = "allow: "
"""The start of a label that overrides a rule; the rule's name follows."""
_LINE: Final = re.compile(r"^[ \t]*(?:[-*][ \t]+)?allow[ \t]+`?([a-z0-9-]+)`?[ \t]*:[ \t]*(\S.*)$", re.MULTILINE)
_REASON: Final = 200
"""Characters of a reason at most."""
_MAY: Final = frozenset({"admin", "write"})
"""The values of `permission` that may authorise; `maintain` is shown as write, `triage` as read."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """The overrides of a pull request, and why others do not count."""

    allowed: dict[str, str]
    ignored: tuple[str, ...]


def overrides(repository: Repository, pull: dict[str, Any]) -> Overrides:
    """Return the rules that a pull request overrides, with their reasons.

    A rule counts if the pull request has the label `allow: RULE`, an account with write access set it, and a line
    `allow RULE: REASON` in the description has the reason. Labels need the triage role only, so the role of the
    account that set the label is looked up.

    Args:
        repository: The repository.
        pull: The pull request as the REST API returns it.

    Raises:
        ApiError: If GitHub refuses or does not answer.
    """
    reasons = {rule: " ".join(reason.split())[:_REASON] for rule, reason in _LINE.findall(_lines(pull.get("body")))}
    labels = {str(each["name"]) for each in pull.get("labels") or []}
    rules = {name.removeprefix(LABEL).strip() for name in labels if name.startswith(LABEL)}
    allowed: dict[str, str] = {}
    ignored = [f"`allow {rule}: ...` has no label `{LABEL}{rule}`" for rule in sorted({*reasons} - rules)]
    for rule in sorted(rules):
        if rule not in RULES:
            ignored.append(f"label `{LABEL}{rule}`: no rule has this name; the rules are {', '.join(RULES)}")
        elif rule not in reasons:
            ignored.append(f"label `{LABEL}{rule}`: the description lacks the line `allow {rule}: REASON`")
        elif problem := _problem(repository, int(pull["number"]), f"{LABEL}{rule}"):
            ignored.append(f"label `{LABEL}{rule}`: {problem}")
        else:
            allowed[rule] = reasons[rule]
    return Overrides(allowed=allowed, ignored=tuple(ignored))


def merged(repository: Repository, commit: str) -> Iterator[dict[str, Any]]:
    """Yield the merged pull requests that brought a commit to its branch."""
    for each in repository.pages(f"/commits/{quote(commit)}/pulls", needs="pull-requests: read"):
        if each.get("merged_at"):
            yield each


def _problem(repository: Repository, number: int, label: str) -> str:
    setters = [
        (each.get("actor") or {}).get("login")
        for each in repository.pages(f"/issues/{number}/events", needs="issues: read")
        if each.get("event") == "labeled" and (each.get("label") or {}).get("name") == label
    ]
    if not setters or not setters[-1]:
        return "nobody is recorded as the one who set it"
    path = f"/collaborators/{quote(setters[-1])}/permission"
    try:
        role = repository.send("GET", path, needs="contents: read")["permission"]
    except ApiError as error:
        if error.status != 404:  # not a collaborator
            raise
        role = "none"
    return "" if role in _MAY else f"{setters[-1]} set it, who has no write access to the repository"


def _lines(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n")
