"""The command provider: runs the program's scripts on servers, over SSH with the same checks as real SSH."""

import hashlib
import json
import re
import secrets
import shlex
from collections.abc import Iterable
from typing import ClassVar, Final

from components.host_programs import FOLDER
from sandbox.nodes.fabric import LAPTOP
from sandbox.nodes.following import fabric_in_use
from sandbox.nodes.openssh import execute
from sandbox.providers.base import StandIn
from sandbox.providers.command_answers import ANSWERS, FailedError
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, Resource
from sandbox.providers.ssh import Host, connect
from sandbox.providers.values import UNKNOWN
from sandbox.world import World

_INSTALLS: Final = "sudo sh -s -- "
_PROGRAM: Final = re.compile(
    r"^cat >\.new <<'(?:[^']+)'\n(.*?)END OF PROGRAM\necho '([0-9a-f]{64})  \.new'.*?^mv \.new (\S+)\.py$",
    re.MULTILINE | re.DOTALL,
)
_RUNS: Final = re.compile(rf"sudo python3 {FOLDER}/(([a-z0-9]+)-[0-9a-f]{{16}})\.py")
_FILE: Final = "host_program"


class Command(Resource):
    """A script that runs at creation, at each change, and before deletion."""

    token = "command:remote:Command"  # noqa: S105 - a type
    kind = "command"
    replaces = frozenset({"triggers"})
    outputs = frozenset({"stdout", "stderr"})
    secrets = frozenset({"connection"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Check that the connection has a host."""
        connection = inputs["connection"]
        if isinstance(connection, dict) and connection.get("host") in (None, ""):
            yield "connection.host", "missing required property 'host'"

    def planned_update(self, state: Plain, inputs: Plain) -> Plain:
        """Return the planned state, in which the output is unknown."""
        return {**super().planned_update(state, inputs), **dict.fromkeys(self.outputs, UNKNOWN)}

    def create(self, inputs: Plain, urn: str) -> Made:
        """Run `create`."""
        said = self._run(inputs, inputs.get("create"))
        name = urn.rpartition("::")[2]
        return Made(id=f"{name}{secrets.token_hex(4)}", outputs={**self.shown(inputs), **said})

    def read(self, identity: str, state: Plain) -> Plain | None:
        """Return the state, because there is nothing to read."""
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
        """Return the program, the verb and the first argument, without the rest, which may be long."""
        script = str(inputs.get("create") or state.get("delete") or "")
        file = _RUNS.match(script)
        return " ".join([file[2], *script[file.end() :].split()[:2]]) if file else script[:60]

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
        """Return the answer of a recorded server."""
        host = connect(self.world, connection)
        program = "programs"
        try:
            if script.startswith(_INSTALLS):
                _install(host, script, stdin)
                return ""
            program, verb, arguments = _program(host, script)
            answer = ANSWERS[program, verb](host, arguments, stdin)
        except FailedError as error:
            said = f"{program}: {error}"
            raise RefusalError(f"Process exited with status 1: running {json.dumps(script)}:\n{said}") from error
        return answer if isinstance(answer, str) else json.dumps(answer)


def _install(host: Host, script: str, stdin: str) -> None:
    """Record the programs that the installation script would write, after the same check of each digest."""
    names = script.removeprefix(_INSTALLS).split()
    given = {match[3]: match for match in _PROGRAM.finditer(stdin)}
    for name in names:
        match = given.get(name)
        if match is None or hashlib.sha256(match[1].encode()).hexdigest() != match[2] or match[2][:16] not in name:
            raise FailedError(f"{name.partition('-')[0]} was damaged on its way to this server; run pulumi up again")
        compile(match[1], f"{name}.py", "exec", dont_inherit=True)
        host.world.put(_FILE, name, {}, place=host.place, provider="command", name=f"{host.server.name} {name}")


def _program(host: Host, script: str) -> tuple[str, str, list[str]]:
    """Return program, verb and arguments. Raises RefusalError for a command that no recorded server can run."""
    words = shlex.split(script)
    file = _RUNS.fullmatch(" ".join(words[:3]))
    if file is None or (file[2], "".join(words[3:4])) not in ANSWERS:
        known = ", ".join(f"{program} {verb}" for program, verb in ANSWERS)
        raise RefusalError(f"a recorded server cannot run {script[:80]!r}; it knows the host programs {known}")
    if host.world.get(_FILE, file[1], place=host.place) is None:
        missing = f"python3: can't open file '{FOLDER}/{file[1]}.py': [Errno 2] No such file or directory"
        raise RefusalError(f"Process exited with status 2: running {json.dumps(script)}:\n{missing}")
    return file[2], words[3], words[4:]


class CommandProvider(StandIn):
    """pulumi-command."""

    name = "command"
    atomic = False
    workers = 8
    resources: ClassVar = (Command,)


def provider(world: World) -> CommandProvider:
    """The plugin."""
    return CommandProvider(world)
