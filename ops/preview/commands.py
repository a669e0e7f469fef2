"""Describe changes of the commands that run host programs on the servers."""

import re
from collections.abc import Iterator
from typing import Final

from ops.preview.changes import Change, Kind
from ops.preview.facts import host_policy, host_sources
from ops.preview.phrases import Phrase, rule_changes, shown

_WORDS: Final = {
    "programs": "the host programs are copied to ",
    "boot": "the check of the first boot runs on ",
    "ufw-apply": "the firewall's rules are applied on ",
    "ufw-confirm": "the firewall's rules are confirmed on ",
    "k3s-settings": "the settings of k3s are written on ",
    "k3s": "k3s is installed or restarted on ",
    "membership": "the membership in the cluster is checked for ",
    "kubeconfig": "the kubeconfig is read from ",
    "recovery": "the recovery document is written on ",
}
"""What a command does, by the end of its name."""

_PROGRAM: Final = re.compile(r"([a-z0-9_]+)-([0-9a-f]{16})(?=\.py|\s|$)")
_VERSION: Final = re.compile(r" join (\S+)")
_DEFAULTS: Final = ("incoming", "outgoing", "routed")


def command(change: Change) -> Iterator[Phrase]:
    """Yield phrases about a command of a server; none if its name has no known end."""
    parts = re.fullmatch(rf"(.+?)-({'|'.join(sorted(_WORDS, key=len, reverse=True))})", change.name)
    if parts is None:
        return
    node, part = parts[1], parts[2]
    if change.kind is Kind.DELETE:
        gone = "removed from the cluster: " if part == "membership" else "commands removed from the program: "
        yield Phrase(lead=gone, slot=node if part == "membership" else change.name)
    elif change.kind is Kind.REPLACE and part == "membership":
        yield Phrase(lead="removed from the cluster, then joined to it again: ", slot=node)
    elif change.kind is Kind.REPLACE:
        yield Phrase(lead="commands run on the new server: ", slot=change.name)
    else:
        found = [*_special(change, node, part)]
        yield from found or [Phrase(lead=_WORDS[part], slot=node, counted="server")]


def _special(change: Change, node: str, part: str) -> Iterator[Phrase]:
    """Yield what is special about the change; none if only the command's own words say it."""
    before, after = str(change.before.get("create", "")), str(change.after.get("create", ""))
    if part == "ufw-apply":
        yield from _host_firewall(change, node)
    elif part == "programs" and change.kind is Kind.UPDATE:
        old, new = dict(_PROGRAM.findall(before)), dict(_PROGRAM.findall(after))
        for program in sorted({*old, *new}):
            if old.get(program) != new.get(program):
                yield Phrase(lead=f"host program {program} changes on ", slot=node, counted="server")
    elif part == "k3s" and (versions := _VERSION.findall(before) + _VERSION.findall(after)) and len(set(versions)) == 2:
        yield Phrase(
            lead=f"k3s {versions[0]} -> {versions[1]} on ", slot=node, tail=", one after another", counted="server"
        )
    same_call = before and _PROGRAM.sub(r"\1", before) == _PROGRAM.sub(r"\1", after)
    if part != "programs" and change.keys == ("create",) and same_call:
        yield Phrase(lead=f"{part} runs again with a changed host program on ", slot=node, counted="server")


def _host_firewall(change: Change, node: str) -> Iterator[Phrase]:
    after = host_sources(change.after)
    if after is None:
        return
    for text in rule_changes(host_sources(change.before) or {}, after):
        yield Phrase(lead=f"{text} at ", slot=node)
    old, new = host_policy(change.before), host_policy(change.after)
    for name in _DEFAULTS:
        if old and new and old.get(name) != new.get(name):
            verdicts = f"{shown(old.get(name))} -> {shown(new.get(name))}"
            yield Phrase(lead=f"UFW's default for {name} traffic {verdicts} on ", slot=node)
