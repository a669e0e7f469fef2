"""Commands over SSH: known calls of this repository's host programs, at servers with a pinned host key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from guardrails.mechanism.documents import json_in
from guardrails.mechanism.model import Resource
from guardrails.mechanism.rules import ResourceRule, inputs
from guardrails.mechanism.shapes import Entry, fixed, known, maybe, number, one_of, shape, table_in, text
from guardrails.mechanism.view import MalformedError, Outcome, View, attempt, together

from .k3s_settings import NODE, VERSION, release, settings
from .programs import FOLDER, INSTALL, installation, programs, sha256

_in = table_in(__name__)
COMMAND: Final = "command:remote:Command"
SSH_KEY: Final = r"ssh-ed25519 \S+( \S+)?\s*"
"""An ed25519 key as OpenSSH writes it, perhaps with a comment."""

_DIGEST: Final = r"[0-9a-f]{16}"
_CALL: Final = re.compile(rf"sudo python3 {FOLDER}/(?P<program>[a-z0-9]+)-(?P<digest>{_DIGEST})\.py (?P<rest>.+)")
_TOKEN: Final = text(r".+", "a token", secret=True)


@dataclass(frozen=True)
class Verb:
    """A verb of a host program.

    Attributes:
        arguments: The arguments that it may have, as a regular expression.
        stdin: The table of the JSON that it reads, in this module or in that of its subject.
        deletes: Whether it runs before a deletion, and only then.
    """

    arguments: str = ""
    stdin: Entry | None = None
    deletes: bool = False


CALLS: Final = {
    "boot wait": Verb(),
    "cluster kubeconfig": Verb(r"\d+"),
    "evict check": Verb(rf"{NODE} (server|agent)"),
    "evict evict": Verb(rf"{NODE} (server|agent)( teardown)?", deletes=True),
    "k3s configure": Verb("", settings),
    "k3s join": Verb(rf"{VERSION} {_DIGEST}", {"token": _TOKEN, "agent-token": maybe(_TOKEN)}),
    "recovery keep": Verb("", {"format": number(1, 99), "resources": known}),
    "rollout wait": Verb(rf"{_DIGEST} [1-9]\d{{0,3}}"),
    "ufw apply": Verb("", known),  # the rule for the host firewall judges it
    "ufw confirm": Verb("", {"confirm": text(_DIGEST, "a digest")}),
}
"""Each host program with a verb that the stack may call."""

INPUTS: Final[dict[str, Entry]] = {
    "connection": {
        "host": text(r"[0-9.]{7,15}", "an IPv4 address"),
        "hostKey": text(SSH_KEY, "the host key that the program created, which makes SSH refuse another machine"),
        "user": text(r"(?!root$)[a-z][-a-z0-9]{0,31}", "a user other than root"),
        "privateKey": text(r"(?s).+", "the private key", secret=True),
        "port": one_of(None, 22),
        "dialErrorLimit": maybe(number(1, 100)),
        "perDialTimeout": maybe(number(1, 60)),
    },
    "create": known,
    "delete": known,
    "stdin": known,
    "triggers": known,
    "logging": fixed("none", "the output may contain secrets"),
    "addPreviousOutputInEnv": fixed(False, "the last output, perhaps a kubeconfig, would be sent to the server"),
}
"""The inputs of a remote command."""


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
        raise MalformedError(f"{script.path} calls {program} with {found['rest']!r}; add that to {_in('CALLS')}")
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


def _command(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    yield from together(shape(_in("INPUTS"), INPUTS)(body), _delete(body.at("delete")), _create(body))


def _delete(script: View) -> Iterator[Outcome]:
    if not script.missing:
        verb = call_in(script).verb
        if not CALLS[verb].deletes:
            yield f"{script.path} calls {verb}, which does not run before a deletion"


def _create(body: View) -> Iterator[Outcome]:
    script, stdin = body.at("create"), body.at("stdin")
    if script.text().startswith(INSTALL):
        yield from _installs(script, stdin)
        return
    call = call_in(script)
    verb = CALLS[call.verb]
    if verb.deletes:
        yield f"{script.path} calls {call.verb}, which runs before a deletion only"
    if verb.stdin is None:
        if not stdin.missing:
            yield f"{stdin.path} is not empty, but {call.verb} reads nothing; remove it"
    elif verb.stdin is not known:
        table = verb.stdin if callable(verb.stdin) else shape(_in("CALLS"), verb.stdin)
        yield from attempt(table(json_in(stdin, "stdin")))
    if call.verb == "k3s join":
        yield from release(View(call.arguments.split()[0], "the release in create"))


def _installs(script: View, stdin: View) -> Iterator[Outcome]:
    command, content = installation()
    if script.text() != command:
        yield f"{script.path} does not name the programs of components/host with their digests; set it to {command!r}"
    if stdin.text() != content:
        yield f"{stdin.path} is not the script that copies the programs of components/host"


TYPES: Final = {
    COMMAND: _command,
    "pulumi:providers:command": inputs(shape(_in("TYPES"), {"version": known})),
}
"""The types that run something; each with its judge. `command:local:Command` would run on the operator's machine."""

RULES: Final = (
    ResourceRule(
        name="commands-are-known",
        description="Remote commands pin the host key and run the host programs of this repository in a known way.",
        judges=TYPES,
    ),
)
