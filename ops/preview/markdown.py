"""Render a summary as Markdown for a comment on a pull request, within GitHub's limit of characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ops.markdown import LIMIT, cut, escape, fenced
from ops.preview.guard import Verdict
from ops.preview.reading import Diagnostic, PolicyMessage
from ops.preview.summary import Item, Section, Summary

_MESSAGES: Final = 12
"""Messages of one kind at most: diagnostics, and findings of the guard."""


@dataclass(kw_only=True)
class _Block:
    """A section that can be shortened: first by its raw differences, then by its items."""

    section: Section
    folded: bool = False
    diffs: bool = True
    kept: int

    @classmethod
    def of(cls, section: Section, *, folded: bool = False) -> "_Block":
        return cls(section=section, folded=folded, kept=len(section.items))

    @property
    def text(self) -> str:
        """The section's Markdown; it says how many items are left out."""
        if not self.section.items:
            return ""
        left_out = len(self.section.items) - self.kept
        lines = [_item(item, diffs=self.diffs) for item in self.section.items[: self.kept]]
        if left_out:
            lines.append(f"- {left_out:,} of {len(self.section.items):,} items left out, because a comment is limited")
        body = "\n".join(lines)
        if self.folded:
            return f"<details><summary>{self.section.title}</summary>\n\n{body}\n\n</details>\n"
        return f"### {self.section.title}\n\n{body}\n"


def render(summary: Summary, verdict: Verdict | None, limit: int = LIMIT) -> str:
    """Return the summary as Markdown of at most `limit` characters.

    A text that is too long loses, in this order: the raw differences, the items of the groups from the last to the
    first, and at the very end the last of the loud items.
    """
    head = "\n".join(_head(summary, verdict))
    loud, unknown = _Block.of(summary.loud), _Block.of(summary.unknown, folded=True)
    groups = [_Block.of(section) for section in summary.groups]
    advisories = _policies("Policies warn", [each for each in summary.policies if not each.mandatory])
    tail = "\n".join([*advisories, *_messages([each for each in summary.diagnostics if each.severity != "error"])])

    def text() -> str:
        parts = [head, *(block.text for block in (loud, *groups, unknown)), tail]
        return "\n".join(part for part in parts if part).rstrip("\n") + "\n"

    quiet = [unknown, *reversed(groups)]
    for block in (*quiet, loud):
        if len(text()) > limit:
            block.diffs = False
    for block in (*quiet, loud):
        _shorten(block, len(text()) - limit)
    return text()


def _shorten(block: _Block, surplus: int) -> None:
    """Leave out a block's last items until it is shorter by `surplus` characters, or has none."""
    length = len(block.text)
    while block.kept and surplus > length - len(block.text):
        missing = surplus - (length - len(block.text))
        average = max(1, len(block.text) // block.kept)
        block.kept -= min(block.kept, max(1, missing // average))


def _head(summary: Summary, verdict: Verdict | None) -> Iterator[str]:
    yield f"## {escape(summary.title)}\n"
    if verdict is not None:
        yield from _verdict(verdict)
    yield from _messages([each for each in summary.diagnostics if each.severity == "error"])
    yield from _policies("Policies refuse this preview", [each for each in summary.policies if each.mandatory])
    yield from (f"{note}\n" for note in summary.notes)


def _verdict(verdict: Verdict) -> Iterator[str]:
    refused = verdict.refused
    yield f"**Guard: {'refused' if refused else 'no rule refuses this preview'}**\n"
    yield from (f"- `{finding.rule}`: {escape(finding.text)}" for finding in refused[:_MESSAGES])
    if len(refused) > _MESSAGES:
        yield f"- {len(refused) - _MESSAGES:,} findings left out"
    for rule, reason in verdict.allowed.items():
        found = [finding.text for finding in verdict.findings if finding.rule == rule]
        yield f"- `{rule}` is allowed ({escape(reason)}): {escape('; '.join(found) or 'not violated')}"
    if refused or verdict.allowed:
        yield ""


def _messages(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    for each in diagnostics[:_MESSAGES]:
        title = f"{each.severity}: {each.resource}" if each.resource else each.severity
        yield f"**{escape(title)}**\n\n{fenced(cut(each.message).splitlines())}\n"
    if len(diagnostics) > _MESSAGES:
        yield f"{len(diagnostics) - _MESSAGES:,} messages left out\n"


def _policies(title: str, messages: Sequence[PolicyMessage]) -> Iterator[str]:
    if not messages:
        return
    yield f"**{title}**\n"
    for each in messages[:_MESSAGES]:
        yield f"- `{each.policy}` about {escape(each.resource)}: {escape(each.message)}"
    if len(messages) > _MESSAGES:
        yield f"- {len(messages) - _MESSAGES:,} messages left out"
    yield ""


def _item(item: Item, *, diffs: bool) -> str:
    line = f"- {escape(item.text)}"
    raw = [line for name, lines in item.diffs if lines for line in (f"@@ {name} @@", *lines)] if diffs else []
    if not raw:
        return line
    indented = fenced(raw, "diff").replace("\n", "\n  ")
    return f"{line}\n  <details><summary>raw difference</summary>\n\n  {indented}\n\n  </details>"
