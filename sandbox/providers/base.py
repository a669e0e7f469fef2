"""What all stand-ins share: the engine's questions answered from the world, previews that don't touch it, faults."""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Final, NoReturn

from sandbox.faults import Fault, parse_faults
from sandbox.providers.diffing import Difference
from sandbox.providers.inputs import PROVIDER
from sandbox.providers.inputs import inputs as sdk_inputs
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import INTERNAL, Made, Plain, Problem, Resource
from sandbox.providers.values import has_unknown, normal
from sandbox.world import TakenError, World

_CRASHED: Final = 3
_WITHOUT_ANSWER: Final = 64
"""Calls that may go unanswered at a time; an engine on 16 cores has as many under way."""
_PULSE: Final = 0.3
"""Seconds between two looks at whether the engine still lives."""
_UNTRIED: Final = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


class StandIn:
    """A provider plugin over the world."""

    name: ClassVar[str]
    resources: ClassVar[Sequence[type[Resource]]]
    retried: ClassVar[frozenset[str]] = frozenset({"429"})
    """Faults after which the real plugin tries again by itself."""
    unavailable: ClassVar[str] = "service unavailable (unavailable)"
    """How the real plugin reports a 503."""

    atomic: ClassVar[bool] = True
    """Whether an operation takes effect at once; else others go on meanwhile, as many as `workers`."""
    workers: ClassVar[int] = 1

    def __init__(self, world: World, faults: Sequence[Fault] | None = None) -> None:
        self.world: Final = world
        self.kinds: Mapping[str, Resource] = {kind.token: kind(world) for kind in self.resources}
        found = parse_faults(os.environ.get("HONEYDUE_SANDBOX_FAULTS", "")) if faults is None else faults
        self._faults: Final = {fault.call: fault.fault for fault in found if fault.provider == self.name}
        self._unanswered: Final = {fault.kind for fault in found if fault.provider == self.name and fault.kind}
        self._engine: Final = os.getppid()
        self.configuration: Plain = {}

    @property
    def threads(self) -> int:
        """How many questions it takes at a time: those that go unanswered must not hold up the others."""
        return self.workers + (_WITHOUT_ANSWER if self._unanswered else 0)

    # The provider's own configuration

    def check_config(self, given: Plain) -> list[Problem]:
        """Unknown keys, and what the plugin itself finds wrong with the rest."""
        given = {key: value for key, value in given.items() if key not in INTERNAL}
        known = sdk_inputs(self.name)[PROVIDER]
        problems = [(key, f"unknown configuration key; known: {', '.join(sorted(known))}") for key in given]
        problems = [problem for problem in problems if problem[0] not in known]
        return problems + self.configuration_problems(given)

    def configuration_problems(self, given: Plain) -> list[Problem]:
        """What is wrong with the configuration."""
        del given
        return []

    def configuration_difference(self, old: Plain, new: Plain) -> Difference:
        """A changed configuration never replaces a provider, unless the plugin thinks that the cloud is another one."""
        keys = {*old, *new} - INTERNAL
        return Difference(
            changed={key for key in keys if has_unknown(new.get(key)) or normal(old.get(key)) != normal(new.get(key))}
        )

    # Resources, by URN; what is secret of itself is told beside the outputs

    def check(self, urn: str, new: Plain, old: Plain, seed: bytes) -> tuple[Plain, Collection[str], list[Problem]]:
        """The inputs with defaults, those of them that are secret, and what the plugin refuses."""
        kind = self._kind(urn)
        inputs, problems = kind.check(new, old, urn.rpartition("::")[2], seed)
        return inputs, kind.secret_inputs, problems

    def difference(self, urn: str, *, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """What differs between state and inputs."""
        return self._kind(urn).difference(state, old_inputs, inputs, ignored)

    def create(self, urn: str, inputs: Plain, *, preview: bool) -> tuple[Made, Collection[str]]:
        """Make it, or say what would be made."""
        kind = self._kind(urn)
        if preview:
            return Made(id="", outputs=kind.planned(inputs)), kind.secrets
        made: Made = self._do("create", kind, "", kind.detail(inputs, {}), lambda: kind.create(inputs, urn))
        return made, kind.secrets

    def read(self, urn: str, identity: str, state: Plain, inputs: Plain) -> tuple[Plain, Plain, Collection[str]] | None:
        """Outputs and inputs as they stand now; nothing if it is gone."""
        kind = self._kind(urn)
        outputs: Plain | None = self._do(
            "read", kind, identity, kind.detail({}, state), lambda: kind.read(identity, state)
        )
        if outputs is None:
            return None
        if not state:
            outputs = {key: value for key, value in outputs.items() if key not in kind.unread}
        return outputs, kind.read_inputs(inputs, outputs), kind.secrets

    def imported(self, urn: str, identity: str) -> str:
        """The id of the object that an import names. Raises RefusalError."""
        return self._kind(urn).imported(identity)

    def update(
        self, urn: str, identity: str, state: Plain, inputs: Plain, *, preview: bool
    ) -> tuple[Plain, Collection[str]]:
        """Change it, or say what it would be then."""
        kind = self._kind(urn)
        if preview:
            return kind.planned_update(state, inputs), kind.secrets
        outputs: Plain = self._do(
            "update", kind, identity, kind.detail(inputs, state), lambda: kind.update(identity, state, inputs)
        )
        return outputs, kind.secrets

    def delete(self, urn: str, identity: str, state: Plain) -> None:
        """Remove it."""
        kind = self._kind(urn)
        self._do("delete", kind, identity, kind.detail({}, state), lambda: kind.delete(identity, state))

    def invoke(self, token: str, arguments: Plain) -> Plain:
        """Look something up."""
        name = token.rpartition(":")[2]
        found: Plain = self._call(
            "invoke", name, "", str(arguments.get("name", "")), lambda: self.look_up(name, arguments)
        )
        return found

    def admit(self) -> None:
        """Raises RefusalError where the cloud answers nobody who is configured like this."""

    def look_up(self, name: str, arguments: Plain) -> Plain:
        """The answer of an invoke."""
        del arguments
        raise RefusalError(f"the sandbox's {self.name} does not answer {name}")

    # How the world is touched

    def _kind(self, urn: str) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        found = self.kinds.get(token)
        if found is None:
            raise RefusalError(f"the sandbox's {self.name} has no {token}; it knows {', '.join(sorted(self.kinds))}")
        return found

    def _do(self, verb: str, kind: Resource, identity: str, detail: str, action: Callable[[], Any]) -> Any:
        return self._call(verb, kind.kind, identity, detail, action) if kind.remote else action()

    def _call(self, verb: str, kind: str, identity: str, detail: str, action: Callable[[], Any]) -> Any:
        """One call of the cloud's API: logged, perhaps hit by a fault, all or nothing."""
        fault: str | None = self._next(verb, kind, identity, detail)
        while fault in self.retried:
            fault = self._next(verb, kind, identity, f"{detail} (again after {fault})".lstrip())
        if fault is not None:
            self._fail(fault, verb, kind)
        self.admit()
        try:
            with self.world.transaction() if self.atomic else nullcontext():
                done = action()
        except TakenError as error:
            raise RefusalError(str(error)) from error
        if verb == "create" and kind in self._unanswered:
            outlive(self._engine)
        return done

    def _next(self, verb: str, kind: str, identity: str, detail: str) -> str | None:
        return self._faults.get(self.world.record(self.name, verb, kind, identity, detail))

    def _fail(self, fault: str, verb: str, kind: str) -> NoReturn:
        if fault == "crash":
            os._exit(_CRASHED)
        what = self.unavailable if fault == "503" else f"{verb} {kind}: {_UNTRIED}"
        raise RefusalError(what)


def outlive(engine: int) -> None:
    """Returns when the engine that started this process is gone."""
    while os.getppid() == engine:
        time.sleep(_PULSE)
