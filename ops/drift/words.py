"""The words for the differences that the host programs `ufw` and `k3s` print."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ops.drift.findings import Finding, Subject
from ops.preview.redaction import redact

_VALUE: Final = 200
"""Characters of a value at most."""
_FIREWALL: Final = {
    "inactive": "UFW is switched off",
    "default": "UFW's default: {what}",
    "missing": "UFW lacks a rule of the policy: {what}",
    "surplus": "UFW has a rule that is not in the policy: {what}",
    "comment": "a rule has another comment: {what}",
    "order": "the rules are in another order, so another one decides first",
    "unconfirmed": "the rules were applied but not confirmed; the former ones come back",
}
_REPLACE: Final = "`pulumi up --policy-pack policy --replace '**::{server}-k3s*'`"
_OTHER: Final = "an unknown kind of difference, {kind}: {what}"


def firewall(server: str, difference: Mapping[str, Any]) -> Finding:
    """Return the finding for a difference of UFW."""
    text = _FIREWALL.get(difference["kind"], _OTHER)
    return Finding(
        subject=Subject.FIREWALL,
        where=server,
        what=text.format_map(difference),
        remedy=f"`pulumi up --policy-pack policy --replace '**::{server}-ufw-*'` applies the policy again",
    )


def k3s(server: str, difference: Mapping[str, Any]) -> Finding:
    """Return the finding for a difference of k3s."""
    remedy = f"{_REPLACE.format(server=server)} writes the configuration again and restarts k3s"
    match difference["kind"]:
        case "config":
            what = f"k3s' configuration {_key(difference)}"
        case "version":
            what = f"k3s {_value(difference, 'found')} is installed, not {_value(difference, 'wanted')}"
            remedy = f"{_REPLACE.format(server=server)} installs the release, unless a newer one is installed"
        case "extra":
            what = f"k3s also reads {difference['what']}, which is not the program's"
            remedy = "delete the file, and restart k3s on this server while the other control planes are Ready"
        case "file":
            what = str(difference["what"])
        case "node":
            what = f"the node does not work as it should: {difference['what']}"
            remedy = f"look at the log (`journalctl -u k3s` on {server}); after a repair run the check again"
        case _:
            what = _OTHER.format_map(difference)
    return Finding(subject=Subject.K3S, where=server, what=what, remedy=remedy)


def _key(difference: Mapping[str, Any]) -> str:
    """Return how a key of the configuration differs; a missing key has no value."""
    key, wanted, found = difference["what"], _value(difference, "wanted"), _value(difference, "found")
    if difference.get("wanted") is None:
        return f"has {key} ({found}), which the settings do not have"
    return f"lacks {key} ({wanted})" if difference.get("found") is None else f"has {key} {found}, not {wanted}"


def _value(difference: Mapping[str, Any], side: str) -> str:
    """Return a value without a secret, of bounded length."""
    value = redact(difference.get(side), name=str(difference["what"]))
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}..."
