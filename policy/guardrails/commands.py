"""Commands over SSH: known calls of this repository's host programs, at servers with a pinned host key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .documents import json_in
from .model import Resource
from .releases import FOLDER, INSTALL, NAME, SETTINGS, VERSION, installation, programs, release, sha256
from .rules import ResourceRule
from .shapes import fixed, known, maybe, number, one_of, shape, text
from .view import Check, MalformedError, Outcome, View, attempt, together

COMMAND: Final = "command:remote:Command"
SSH_KEY: Final = r"ssh-ed25519 \S+( \S+)?\s*"
"""An ed25519 key as OpenSSH writes it, perhaps with a comment."""

_HERE: Final = "policy/guardrails/commands.py"
_DIGEST: Final = r"[0-9a-f]{16}"
_SECONDS: Final = r"[1-9]\d{0,3}"

_CALL: Final = re.compile(rf"sudo python3 {FOLDER}/(?P<program>[a-z0-9]+)-(?P<digest>{_DIGEST})\.py (?P<rest>.+)")


@dataclass(frozen=True)
class Call:
    """A command that runs a host program of this repository: `ufw apply` and its arguments."""

    verb: str
    arguments: str


def call_in(script: View) -> Call:
    """Return the call in a command line.

    Raises:
        NotKnown: If the command line is unknown.
        MalformedError: If it is not a call of a program whose text is in this repository.
    """
    found = _CALL.fullmatch(script.text())
    if not found:
        raise MalformedError(f"{script.path} is not a call of a host program; add a program to components/host")
    program, digest = found["program"], found["digest"]
    content = programs().get(program)
    if content is None or sha256(content)[:16] != digest:
        raise MalformedError(
            f"{script.path} runs {program}-{digest}.py, whose text is not components/host/{program}.py"
        )
    verb, _, rest = found["rest"].partition(" ")
    call = Call(f"{program} {verb}", rest)
    if call.verb not in CALLS or not re.fullmatch(CALLS[call.verb].arguments, rest):
        raise MalformedError(f"{script.path} calls {program} with {found['rest']!r}; add that to CALLS in {_HERE}")
    return call


def calls(resource: Resource, verb: str) -> bool:
    """Whether a remote command runs a host program with this verb when it is created.

    Raises:
        NotKnown: If the command is unknown.
    """
    try:
        return call_in(View(resource.plain).at("create")).verb == verb
    except MalformedError:
        return False  # the rule for commands refuses it


_TOKENS: Final = shape(
    f"_TOKENS in {_HERE}",
    {
        "token": text(r".+", "a token", secret=True),
        "agent-token": maybe(text(r".+", "a token", secret=True)),
    },
)
_CONFIRMED: Final = shape(f"_CONFIRMED in {_HERE}", {"confirm": text(_DIGEST, "a digest")})
_CONNECTION: Final = shape(
    f"_CONNECTION in {_HERE}",
    {
        "host": text(r"[0-9.]{7,15}", "an IPv4 address"),
        "hostKey": text(SSH_KEY, "the host key that the program created, which makes SSH refuse another machine"),
        "user": text(r"(?!root$)[a-z][-a-z0-9]{0,31}", "a user other than root"),
        "privateKey": text(r"(?s).+", "the private key", secret=True),
        "port": one_of(None, 22),
        "dialErrorLimit": maybe(number(1, 100)),
        "perDialTimeout": maybe(number(1, 60)),
    },
)
_DOCUMENT: Final = shape(f"_DOCUMENT in {_HERE}", {"format": number(1, 99), "resources": known})


@dataclass(frozen=True)
class Verb:
    """A verb of a host program: the arguments that it may have, and the check of the JSON that it reads on stdin."""

    arguments: str = ""
    stdin: Check | None = None


CALLS: Final = {
    "boot wait": Verb(),
    "cluster kubeconfig": Verb(r"\d+"),
    "evict check": Verb(rf"{NAME} (server|agent)"),
    "evict evict": Verb(rf"{NAME} (server|agent)( teardown)?"),
    "k3s configure": Verb("", SETTINGS),
    "k3s join": Verb(rf"{VERSION} {_DIGEST}", _TOKENS),
    "recovery keep": Verb("", _DOCUMENT),
    "rollout wait": Verb(rf"{_DIGEST} {_SECONDS}"),
    "ufw apply": Verb("", known),  # the rule for the host firewall judges stdin
    "ufw confirm": Verb("", _CONFIRMED),
}
"""Each host program with a verb that the stack may call."""

_INPUTS: Final = shape(
    f"_INPUTS in {_HERE}",
    {
        "connection": _CONNECTION,
        "create": known,
        "delete": known,
        "stdin": known,
        "triggers": known,
        "logging": fixed("none", "the output may contain secrets"),
        "addPreviousOutputInEnv": fixed(False, "the last output, perhaps a kubeconfig, would be sent to the server"),
    },
)


def _command(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    yield from together(_INPUTS(body), _delete(body.at("delete")), _create(body))


def _delete(script: View) -> Iterator[Outcome]:
    if not script.missing:
        call = call_in(script)
        if call.verb != "evict evict":
            yield f"{script.path} calls {call.verb}; only evict runs before a deletion"


def _create(body: View) -> Iterator[Outcome]:
    script, stdin = body.at("create"), body.at("stdin")
    if script.text().startswith(INSTALL):
        yield from _installs(script, stdin)
        return
    call = call_in(script)
    check = CALLS[call.verb].stdin
    if check is not None:
        yield from attempt(check(json_in(stdin, "stdin")))
    elif not stdin.missing:
        yield f"{stdin.path} is not empty, but {call.verb} reads nothing; remove it"
    if call.verb == "k3s join":
        yield from release(View(call.arguments.split()[0], "the release in create"))


def _installs(script: View, stdin: View) -> Iterator[Outcome]:
    command, content = installation()
    if script.text() != command:
        yield f"{script.path} does not name the programs of components/host with their digests; set it to {command!r}"
    if stdin.text() != content:
        yield f"{stdin.path} is not the script that copies the programs of components/host"


TYPES: Final = {COMMAND: _command}
"""The types that run something; each with its judge. `command:local:Command` would run on the operator's machine."""

RULES: Final = (
    ResourceRule(
        name="commands-are-known",
        description="Remote commands pin the host key and run the host programs of this repository in a known way.",
        judges=TYPES,
    ),
)
