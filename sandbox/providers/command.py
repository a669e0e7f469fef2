"""The command provider: scripts of the program run on recorded servers, over SSH that checks what real SSH checks."""

import json
import secrets
import shlex
from collections.abc import Iterable
from typing import ClassVar

from sandbox.nodes.fabric import LAPTOP
from sandbox.nodes.following import fabric_in_use
from sandbox.nodes.openssh import execute
from sandbox.providers.base import StandIn
from sandbox.providers.command_answers import ANSWERS, FailedError
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, Resource
from sandbox.providers.ssh import connect
from sandbox.providers.values import UNKNOWN
from sandbox.world import World

_MARK = "# honeydue "


class Command(Resource):
    """A script that runs at creation, at each change, and before the end."""

    token = "command:remote:Command"  # noqa: S105 - a type
    kind = "command"
    replaces = frozenset({"triggers"})
    outputs = frozenset({"stdout", "stderr"})
    secrets = frozenset({"connection"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """There must be somewhere to connect to."""
        connection = inputs["connection"]
        if isinstance(connection, dict) and connection.get("host") in (None, ""):
            yield "connection.host", "missing required property 'host'"

    def planned_update(self, state: Plain, inputs: Plain) -> Plain:
        """What it will print is unknown."""
        return {**super().planned_update(state, inputs), **dict.fromkeys(self.outputs, UNKNOWN)}

    def create(self, inputs: Plain, urn: str) -> Made:
        """Run it."""
        said = self._run(inputs, inputs.get("create"))
        name = urn.rpartition("::")[2]
        return Made(id=f"{name}{secrets.token_hex(4)}", outputs={**self.shown(inputs), **said})

    def read(self, identity: str, state: Plain) -> Plain | None:
        """There is nothing to look at."""
        del identity
        return state

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Run `update`, or `create` again."""
        del identity, state
        return {**self.shown(inputs), **self._run(inputs, inputs.get("update") or inputs.get("create"))}

    def delete(self, identity: str, state: Plain) -> None:
        """Run `delete`, if there is one."""
        del identity
        if state.get("delete"):
            self._run(state, state["delete"])

    def detail(self, inputs: Plain, state: Plain) -> str:
        """Program, verb and the first plain argument; what else there is may be long."""
        script = str(inputs.get("create") or state.get("delete") or "")
        return " ".join(script.partition("\n")[0].removeprefix(_MARK).split()[:3])

    def _run(self, inputs: Plain, script: str | None) -> Plain:
        if not script:
            return {"stdout": "", "stderr": ""}
        if inputs.get("environment"):
            raise RefusalError("could not set environment variable: the server's sshd has no AcceptEnv for it")
        stdin = str(inputs.get("stdin") or "")
        fabric = fabric_in_use()
        if fabric is not None:
            stdout = execute(inputs["connection"], script, stdin, fabric.enter(LAPTOP))
        else:
            with self.world.transaction():
                stdout = self._answer(inputs["connection"], script, stdin)
        return {"stdout": stdout.removesuffix("\n"), "stderr": ""}

    def _answer(self, connection: Plain, script: str, stdin: str) -> str:
        """What a recorded server says to it."""
        host = connect(self.world, connection)
        title = script.partition("\n")[0]
        program, verb, arguments = understood(script)
        try:
            answer = ANSWERS[program, verb](host, arguments, stdin)
        except FailedError as error:
            raise RefusalError(f"Process exited with status 1: running {title[:200]!r}:\n{program}: {error}") from error
        return answer if isinstance(answer, str) else json.dumps(answer)


def understood(script: str) -> tuple[str, str, list[str]]:
    """Program, verb and arguments of a script. Raises RefusalError for what no recorded server can answer."""
    title, _, command = script.partition("\n")
    words = title.removeprefix(_MARK).split() if title.startswith(_MARK) else []
    if tuple(words[:2]) not in ANSWERS:
        known = ", ".join(f"{program} {verb}" for program, verb in ANSWERS)
        told = f"its first line is {title[:80]!r}, and names no host program; known: `# honeydue PROGRAM VERB`, {known}"
        raise RefusalError(f"a recorded server can't run this script: {told}")
    program, verb = words[:2]
    try:
        parts = shlex.split(command)
        compile(parts[3], f"{program}.py", "exec", dont_inherit=True)
    except (IndexError, SyntaxError, ValueError) as error:
        raise RefusalError(
            f"the script of {program} {verb} is no Python program in a shell command: {error}"
        ) from error
    if parts[:3] != ["sudo", "python3", "-c"] or parts[4:5] != [verb]:
        raise RefusalError(f"the script of {program} {verb} runs something else than its first line says")
    return program, verb, parts[5:]


class CommandProvider(StandIn):
    """pulumi-command."""

    name = "command"
    atomic = False
    workers = 8
    resources: ClassVar = (Command,)


def provider(world: World) -> CommandProvider:
    """The plugin."""
    return CommandProvider(world)
