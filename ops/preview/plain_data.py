"""Render a summary as JSON, for other programs."""

import json
from typing import Any

from ops.preview.guard import Verdict
from ops.preview.summary import Section, Summary


def render(summary: Summary, verdict: Verdict | None) -> str:
    """Return the summary as JSON; `guard` is null without a verdict."""
    content = {
        "stack": summary.stack,
        "headline": summary.headline,
        "counts": {str(kind): number for kind, number in summary.counts.items()},
        "guard": _verdict(verdict),
        "loud": _items(summary.loud),
        "groups": {section.title: _items(section) for section in summary.groups},
        "unknown": _items(summary.unknown),
        "diagnostics": [
            {"severity": each.severity, "resource": each.resource, "message": each.message}
            for each in summary.diagnostics
        ],
        "policies": [
            {"policy": each.policy, "mandatory": each.mandatory, "resource": each.resource, "message": each.message}
            for each in summary.policies
        ],
        "notes": list(summary.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _items(section: Section) -> list[dict[str, Any]]:
    return [
        {
            "text": item.text,
            "kind": str(item.kind),
            "resources": list(item.resources),
            "diffs": {name: list(lines) for name, lines in item.diffs},
        }
        for item in section.items
    ]


def _verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "refused": bool(verdict.refused),
        "findings": [{"rule": each.rule, "text": each.text} for each in verdict.findings],
        "allowed": dict(verdict.allowed),
    }
