"""Change the UFW of this host to a policy, rule by rule, without a reset, and revert unless a new connection confirms.

apply and check read {"ufw": POLICY} on stdin, confirm reads {"confirm": DIGEST}. check only prints how UFW differs from
the policy. /var/lib/honeydue/ufw.json keeps the rules that were last confirmed until the next confirmation, across
reboots.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import ipaddress
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from typing import Any, Callable, Iterator

STATE = "/var/lib/honeydue/ufw.json"
DEFAULTS = "/etc/default/ufw"
DIRECTIONS = {"incoming": "INPUT", "outgoing": "OUTPUT", "routed": "FORWARD"}
POLICY = {"incoming": "deny", "outgoing": "allow|deny", "routed": "deny", "rollbackSeconds": r"[1-9]\d{0,3}"}
RULE = {"from": "[0-9a-f.:/]+", "port": r"([1-9]\d{0,4}(:[1-9]\d{0,4})?)?", "proto": "(tcp|udp)?"}
ADDRESS = "the address that you connect from"
RULE["comment"] = "[ !#-&(-~]{1,60}"  # no quotes: UFW cannot store them


class UfwError(Exception):
    """An error message for the operator, in one line."""


def reconcile(policy: dict[str, Any], added: str, status: str) -> list[list[str]]:
    """Return the commands that change UFW to the policy, given `ufw show added` and `ufw status verbose`."""
    rules = dict(canonical(rule) for rule in policy["rules"])
    return steps(rules, [policy[way] for way in DIRECTIONS], True, added, status)


def steps(
    rules: dict[tuple[str, ...], str], defaults: list[str], active: bool, added: str, status: str
) -> list[list[str]]:
    """Return the commands: set defaults, add rules and fix comments, delete other rules, then switch UFW on or off."""
    known = _defaults(status) or [""] * len(DIRECTIONS)
    commands = [["ufw", "default", defaults[i], way] for i, way in enumerate(DIRECTIONS) if defaults[i] != known[i]]
    present = dict(parse(added))
    places = {_place(rule): rule for rule in present}
    result = [rule for rule in present if rule in rules] + [rule for rule in rules if rule not in present]
    kept = all(places.get(_place(rule), rule) == rule for rule in rules)
    if all("allow" in rule[:2] for rule in rules) or (kept and result == list(rules)):
        commands += [_command(rule, "", comment) for rule, comment in rules.items() if present.get(rule) != comment]
    else:  # not every rule allows, so the first match decides: add all again, the last one first
        for rule in reversed(list(rules)):
            commands += [_command(places[_place(rule)], "delete")] if _place(rule) in places else []
            commands += [_command(rule, "prepend", rules[rule])]
    commands += [_command(rule, "delete") for rule in present if rule not in rules]
    if active != status.startswith("Status: active"):
        commands += [["ufw", "--force", "enable" if active else "disable"]]
    return commands


def parse(added: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the rules that `ufw show added` prints, each as its words and its comment."""
    for text in re.split("^ufw ", added, flags=re.MULTILINE)[1:]:
        words = tuple(shlex.split(text))
        yield (words[:-2], words[-1]) if words[-2:-1] == ("comment",) else (words, "")


def canonical(rule: dict[str, str]) -> tuple[tuple[str, ...], str]:
    """Return a rule of the policy as UFW itself prints it, and its comment. Refuse invalid rules."""
    fits = isinstance(rule, dict) and set(rule) == set(RULE) and all(isinstance(part, str) for part in rule.values())
    if not fits or not all(re.fullmatch(RULE[key], part) for key, part in rule.items()):
        raise UfwError(
            f"rule refused: {rule}; it must have from, port, proto and comment, as plain text without quotes"
        )
    source, ports = ipaddress.ip_network(rule["from"]), [int(port) for port in rule["port"].split(":") if port]
    odd = ports[1:] and (ports[0] >= ports[1] or not rule["proto"])
    if source.prefixlen == 0 or max(ports, default=1) > 65535 or odd:
        raise UfwError(
            f"rule refused: {rule}; use a source narrower than /0, ports to 65535, rising ranges with a proto"
        )
    family = {4: socket.AF_INET, 6: socket.AF_INET6}[source.version]
    address = socket.inet_ntop(family, source.network_address.packed)
    words = ["allow", "from", address if source.num_addresses == 1 else f"{address}/{source.prefixlen}"]
    words += ["to", "any", "port", rule["port"]] if ports else []
    return tuple(words + (["proto", rule["proto"]] if rule["proto"] else [])), rule["comment"]


def check(policy: dict[str, Any]) -> None:
    """Refuse an invalid policy."""
    if not isinstance(policy, dict) or set(policy) != {*POLICY, "rules"} or not isinstance(policy["rules"], list):
        raise UfwError("policy refused; it must have incoming, outgoing, routed, rollbackSeconds, and rules, a list")
    for key, pattern in POLICY.items():
        value = policy[key]
        if isinstance(value, str) == (key == "rollbackSeconds") or not re.fullmatch(pattern, str(value)):
            raise UfwError(f"policy refused: {key} is {value}; it must match {pattern}")
    rules = [canonical(rule)[0] for rule in policy["rules"]]
    if not rules or len(set(rules)) != len(rules):
        raise UfwError("policy refused; it must have at least one rule, and no source and port twice")


def digest(policy: dict[str, Any]) -> str:
    """Return sixteen hex digits of the SHA-256 of the policy's canonical JSON."""
    return hashlib.sha256(json.dumps(policy, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def apply(policy: dict[str, Any]) -> dict[str, Any]:
    """Reconcile with a rollback armed; arm none if nothing differs and nothing is unconfirmed."""
    check(policy)
    _keep_client(policy)
    state, present = _load(), _observe()
    if (
        state["phase"] == "armed"
    ):  # never confirmed, perhaps because of a reboot: a rollback still restores the rules from before
        return _enforce(policy, state["saved"], policy["rollbackSeconds"])
    if reconcile(policy, *present):
        return _enforce(policy, present, policy["rollbackSeconds"])
    _save({"phase": "confirmed", "digest": digest(policy)})
    return {"digest": digest(policy), "commands": 0, "rollbackSeconds": 0}


def confirm(wanted: str) -> dict[str, Any]:
    """Disarm the rollback. Fail if it has fired, because only the former rules are known to admit the operator."""
    state = _load()
    last = state["digest"]
    if last != wanted:
        raise UfwError(f"the rules applied last have digest {last}, not {wanted}: run pulumi up again")
    if state["phase"] == "rolled back" or (state["phase"] == "armed" and reconcile(state["policy"], *_observe())):
        late = "the new rules were not confirmed in time, so this host has its former rules again"
        raise UfwError(f"{late}; check that honeydue:operators lists {_client() or ADDRESS}, then run pulumi up again")
    _save({"phase": "confirmed", "digest": wanted})
    return {"digest": wanted, "confirmed": True}


def compare(policy: dict[str, Any]) -> dict[str, Any]:
    """Return how UFW on this host differs from the policy."""
    check(policy)
    unconfirmed = [{"kind": "unconfirmed", "what": ""}] if _load()["phase"] == "armed" else []
    return {"differences": differences(policy, *_observe()) + unconfirmed}


def differences(policy: dict[str, Any], added: str, status: str) -> list[dict[str, str]]:
    """Return each difference between UFW and the policy: its kind, and the rule or the default."""
    rules, present = dict(canonical(rule) for rule in policy["rules"]), dict(parse(added))
    active, known = status.startswith("Status: active"), _defaults(status)
    found = [] if active else [("inactive", "")]
    for i, way in enumerate(DIRECTIONS if known else ()):
        found += [("default", f"{way} is {known[i]}, not {policy[way]}")] if known[i] != policy[way] else []
    found += [("missing", shlex.join(rule)) for rule in rules if rule not in present]
    found += [("surplus", shlex.join(rule)) for rule in present if rule not in rules]
    found += [("comment", shlex.join(rule)) for rule in rules if present.get(rule, rules[rule]) != rules[rule]]
    if not found and reconcile(policy, added, status):
        found = [("order", "")]
    return [{"kind": kind, "what": what} for kind, what in found]


def _keep_client(policy: dict[str, Any]) -> None:
    """Refuse rules that would lock out the address of the current connection."""
    client = _client()
    sources = [ipaddress.ip_network(rule["from"]) for rule in policy["rules"] if rule["port"] in ("22", "")]
    if client and not any(ipaddress.ip_address(client) in source for source in sources):
        raise UfwError(f"refusing rules that would lock out {client}, {ADDRESS}: add it to honeydue:operators")


def _client() -> str:
    """Return the address of the SSH client, from the environment of the shell that runs sudo; empty without SSH."""
    process = os.getppid()
    while process > 1:
        with open(f"/proc/{process}/environ") as file:
            found = re.search(r"(?:^|\0)SSH_CLIENT=(\S+)", file.read())
        if found:
            return found[1]
        with open(f"/proc/{process}/status") as file:
            process = int(re.findall(r"^PPid:\s+(\d+)", file.read(), re.MULTILINE)[0])
    return ""


def _enforce(policy: dict[str, Any], saved: list[str], seconds: int) -> dict[str, Any]:
    state = {"phase": "armed", "digest": digest(policy), "policy": policy, "saved": saved, "token": os.urandom(8).hex()}
    _save(state)
    _guard(str(state["token"]), seconds)
    try:
        commands = _take(policy)
    except (UfwError, OSError, subprocess.TimeoutExpired) as error:
        _restore(saved)
        _save({**state, "phase": "rolled back", "token": ""})
        raise UfwError(f"{error}; the rules that were last confirmed are restored") from error
    return {"digest": state["digest"], "commands": commands, "rollbackSeconds": seconds}


def _take(policy: dict[str, Any]) -> int:
    commands = reconcile(policy, *_observe())
    for command in commands:
        _run(*command)
    if reconcile(policy, *_observe()):
        raise UfwError("UFW did not store the rules as given")
    return len(commands)


def _guard(token: str, seconds: int) -> None:
    """Start a separate process that reverts the change after some seconds, unless confirmed or superseded."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    with open(os.devnull, "r+") as null:
        for number in range(3):
            os.dup2(null.fileno(), number)
    os.closerange(3, 1024)  # including the lock
    os.chdir("/")
    with _locked():
        deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _load().get("token") == token:
        time.sleep(1)
    for _ in range(10):
        with _locked(), contextlib.suppress(Exception):
            state = _load()
            if state.get("token") == token:
                _restore(state["saved"])
                _save({**state, "phase": "rolled back", "token": ""})
            os._exit(0)
        time.sleep(5)
    os._exit(1)


def _restore(saved: list[str]) -> None:
    added, status = saved
    for command in steps(dict(parse(added)), _defaults(status), status.startswith("Status: active"), *_observe()):
        _run(*command)


def _defaults(status: str) -> list[str]:
    return re.findall(r"(\w+) \((?:incoming|outgoing|routed)\)", status)[:3]


def _observe() -> list[str]:
    """Return `show added` and `status`. The defaults are read from UFW's file: UFW does not always print them."""
    with open(DEFAULTS) as file:
        text = file.read()
    verbs = {"DROP": "deny", "ACCEPT": "allow", "REJECT": "reject"}
    values: dict[str, str] = dict(re.findall(r"^DEFAULT_(\w+)_POLICY=\W?(\w+)", text, re.MULTILINE))
    defaults = ", ".join(f"{verbs.get(values[chain])} ({way})" for way, chain in DIRECTIONS.items())
    return [_run("ufw", "show", "added"), "\n".join([_run("ufw", "status").splitlines()[0], f"Default: {defaults}"])]


def _command(rule: tuple[str, ...], verb: str, comment: str = "") -> list[str]:
    force, note = ["--force"] if verb == "delete" else [], ["comment", comment] if comment else []
    routed = int(rule[0] == "route")
    return ["ufw", *force, *rule[:routed], *verb.split(), *rule[routed:], *note]


def _place(rule: tuple[str, ...]) -> tuple[str, ...]:
    """Return the part of a rule that identifies it in UFW: a new rule replaces one that differs only in its action."""
    return tuple(word for word in rule if word not in ("allow", "deny", "reject", "limit", "log", "log-all"))


def _run(*command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    if done.returncode:
        raise UfwError(" ".join([shlex.join(command), "failed:", *(done.stderr or done.stdout).split()]))
    return done.stdout


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Allow one process at a time. The lock ends with its process, even if that is killed."""
    os.makedirs(os.path.dirname(STATE), mode=0o700, exist_ok=True)
    with open(f"{STATE}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _load() -> dict[str, Any]:
    if not os.path.exists(STATE):
        return {"phase": "new", "digest": "none"}
    with open(STATE) as file:
        return dict(json.load(file))


def _save(state: dict[str, Any]) -> None:
    with open(f"{STATE}.new", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{STATE}.new", STATE)


if __name__ == "__main__":
    try:
        given = json.load(sys.stdin)
        verbs: dict[str, Callable[[], dict[str, Any]]] = {
            "apply": lambda: apply(given["ufw"]),
            "check": lambda: compare(given["ufw"]),
            "confirm": lambda: confirm(given["confirm"]),
        }
        with _locked():
            print(json.dumps(verbs[sys.argv[1]]()))
    except (UfwError, OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        sys.exit(f"ufw: {error}")
