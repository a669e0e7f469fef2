"""One stack in one sandbox: the operations of the engine on this repository's own program, with policies, as data."""

import json
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from pulumi.automation import (
    CommandError,
    ConfigValue,
    Deployment,
    LocalWorkspace,
    PulumiFn,
    Stack,
    fully_qualified_stack_name,
)
from pulumi.runtime._callbacks import _CallbackServicer

from sandbox.engine.command import Command
from sandbox.engine.environment import engine_environment, write_private
from sandbox.engine.find import Engine
from sandbox.engine.hold import settle
from sandbox.engine.layout import REAL, RECORDED, ROOT, Layout
from sandbox.engine.outcome import EngineFailed, Outcome
from sandbox.engine.processes import end_orphans
from sandbox.engine.recovery import Pending, pending_operations, settled, stale_locks
from sandbox.engine.stack_file import OPERATORS_KEY, StackFile
from sandbox.engine.voice import Silent, Voice
from sandbox.k3s.backends import Backends
from sandbox.k3s.supply import INSTALLER, Supply
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import Fabric
from sandbox.nodes.following import VARIABLE as SERVERS_VARIABLE
from sandbox.world import World

PROJECT: Final = "honeydue"
INSTALLER_KEY: Final = "honeydue:k3sInstaller"


@dataclass(kw_only=True)
class Sandbox:
    """A stack file, an engine and a place for what they make; `on_output` gets the engine's own lines as they come.

    Each operation gives an Outcome or raises EngineFailed with it. What an interrupted run left behind is cured before
    anything else changes.
    """

    engine: Engine
    file: StackFile
    layout: Layout = field(default_factory=Layout)
    faults: Sequence[str] = ()
    on_output: Callable[[str], Any] | None = None
    colour: str = "never"
    voice: Voice = field(default_factory=Silent)
    real_servers: bool = False
    """Whether servers are namespaces of this machine; this process is then on the operator's laptop among them."""
    held: IO[str] | None = None
    """What keeps other commands from changing this sandbox, as long as this one lives."""
    main: Path = ROOT / "__main__.py"
    """The program."""
    policies: Sequence[Path] = (ROOT / "policy",)
    """The policy packs that judge it."""

    def preview(self, *, diff: bool = False, expect_no_changes: bool = False) -> Outcome:
        """What an update would do; changes nothing."""
        return self._operate(
            "preview",
            lambda outcome: self._stack.preview(
                policy_packs=[str(pack) for pack in self.policies],
                diff=diff,
                expect_no_changes=expect_no_changes,
                color=self.colour,
                suppress_progress=True,
                on_output=self.on_output,
                on_event=outcome.take,
            ),
        )

    def up(self) -> Outcome:
        """Previews, so that every policy judges before anything is made; then updates, unless nothing changes."""
        self.cure()
        planned = self.preview()
        return planned if planned.nothing_changes else self.apply()

    def apply(self) -> Outcome:
        """The update itself."""
        write_private(self.layout.servers, REAL if self.real_servers else RECORDED)
        if self.real_servers:
            self._supply.open()
        return self._operate(
            "up",
            lambda outcome: self._stack.up(
                policy_packs=[str(pack) for pack in self.policies],
                color=self.colour,
                suppress_progress=True,
                suppress_outputs=True,
                show_secrets=False,
                on_output=self.on_output,
                on_event=outcome.take,
            ),
        )

    def deploy(self) -> None:
        """Has the application run that the routes lead to, where servers are real. Raises SandboxError."""
        if self.real_servers:
            self.voice.say("deploying an echo server for each Service of the routes")
            Backends(fabric=self._fabric, world=self.world).deploy(self.file.config)

    def refresh(self) -> Outcome:
        """Takes what stands into the state; `touched` of the outcome is the drift."""
        self.cure()
        return self._refresh("refresh", self.on_output)

    def destroy(self) -> Outcome:
        """Takes everything down, with the program's hooks; what they refuse is refused before the first deletion."""
        self.cure()
        self._operate(
            "destroy",
            lambda outcome: self._stack.preview_destroy(
                run_program=True, color=self.colour, suppress_progress=True, on_event=outcome.take
            ),
        )
        return self._operate(
            "destroy",
            lambda outcome: self._stack.destroy(
                run_program=True,
                color=self.colour,
                suppress_progress=True,
                suppress_outputs=True,
                show_secrets=False,
                on_output=self.on_output,
                on_event=outcome.take,
            ),
        )

    @property
    def stands(self) -> bool:
        """Whether the engine has a state of this stack, with something in it."""
        return self.layout.state_file(self.file.stack).exists() and bool(self._resources)

    def export(self) -> dict[str, Any]:
        """The stack's state, secrets encrypted."""
        # the Automation API's own export shows every secret in plain text
        folder = str(self._stack.workspace.work_dir)
        try:
            told = self._command.run(["stack", "export", "--stack", self._name], folder, {})
        except CommandError as error:
            raise _failed("export", error) from error
        state: dict[str, Any] = json.loads(told.stdout)
        return state

    @property
    def _resources(self) -> list[dict[str, Any]]:
        """Of the stack's state."""
        return list((self.export()["deployment"] or {}).get("resources") or [])

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secret ones are masked."""
        return {name: "[secret]" if output.secret else output.value for name, output in self._stack.outputs().items()}

    def cure(self) -> None:
        """Puts right what a killed run left: its processes, its lock, and operations whose end it did not see."""
        ended = end_orphans(self.layout)
        if ended:
            self.voice.say(f"an earlier run was killed; ended what it left running: {', '.join(map(str, ended))}")
        if stale_locks(self.layout, self.file.stack, self.voice):
            self.voice.say("an earlier run was killed; taking its lock away")
            self._stack.cancel()
        pending = pending_operations(self.layout, self.file.stack, self.world)
        if pending:
            self._settle(pending)

    @cached_property
    def world(self) -> World:
        """The clouds."""
        return World(self.layout.world)

    def _settle(self, pending: Sequence[Pending]) -> None:
        """Takes what interrupted operations made into the state; a refresh then finds out how the rest ended."""
        for operation in pending:
            self.voice.say(f"interrupted while {operation.kind} {operation.name}: {operation.finding}")
        state = self.export()
        deployment = settled(dict(state["deployment"] or {}), pending)
        self._stack.import_stack(Deployment(version=state["version"], deployment=deployment))
        self._refresh("refresh after an interruption", lambda _: None)

    def _refresh(self, operation: str, on_output: Callable[[str], Any] | None) -> Outcome:
        return self._operate(
            operation,
            lambda outcome: self._stack.refresh(
                color=self.colour,
                suppress_progress=True,
                suppress_outputs=True,
                show_secrets=False,
                on_output=on_output,
                on_event=outcome.take,
            ),
        )

    def _operate(self, operation: str, run: Callable[[Outcome], Any]) -> Outcome:
        outcome = Outcome(operation=operation)
        self.world.begin_run()
        try:
            result = run(outcome)
        except CommandError as error:
            outcome.code, outcome.stdout, outcome.stderr = _ending(error)
            raise EngineFailed(outcome) from error
        finally:
            if self.real_servers:
                EdgeHost(fabric=self._fabric).follow(self.world)
                self._supply.follow(self.world)
        if result is not None:
            outcome.stdout, outcome.stderr = result.stdout, result.stderr
        return outcome

    @property
    def _fabric(self) -> Fabric:
        return Fabric(home=self.layout.home)

    @property
    def _supply(self) -> Supply:
        return Supply(fabric=self._fabric, tools=self.layout.tools)

    @property
    def _name(self) -> str:
        return fully_qualified_stack_name("organization", PROJECT, self.file.stack)

    @cached_property
    def _command(self) -> Command:
        zone = {"HONEYDUE_SANDBOX_ZONES": self.file.zone}
        return Command(self.engine, {**engine_environment(self.layout), **zone, **self.variables})

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that tell the providers about real servers and about faults."""
        found: dict[str, str] = {}
        if self.real_servers:
            found[SERVERS_VARIABLE] = str(self.layout.home)
        if self.faults:
            found["HONEYDUE_SANDBOX_FAULTS"] = json.dumps(list(self.faults))
        return found

    def work_folder(self) -> Path:
        """Return the folder of the stack's project file and stack file, in which the Pulumi CLI finds the program, too.

        Everything but these two files is a link into the repository.
        """
        folder = Path(self._stack.workspace.work_dir)
        for entry in ROOT.iterdir():
            link = folder / entry.name
            if not entry.name.startswith((".git", ".sandbox", "Pulumi.")) and not link.is_symlink():
                link.symlink_to(entry)
        return folder

    @cached_property
    def _stack(self) -> Stack:
        """The stack, selected or made, with its configuration laid out."""
        settle(self.layout)
        self.layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder, missing = self.file.lay_out(self.layout, self._instead())
        workspace = LocalWorkspace(work_dir=str(folder), program=program(self.main), pulumi_command=self._command)
        try:
            stack = Stack.create_or_select(self._name, workspace)
            if missing:
                stack.set_all_config({key: ConfigValue(value=value, secret=True) for key, value in missing.items()})
        except CommandError as error:
            raise _failed("opening the stack", error) from error
        return stack

    def _instead(self) -> dict[str, Any]:
        """Settings that hold in the sandbox in place of the file's own."""
        instead: dict[str, Any] = {INSTALLER_KEY: INSTALLER} if self.real_servers else {}
        if self.file.lacks_operators:
            instead[OPERATORS_KEY] = self.file.operators
            self.voice.say(
                f"{self.file.path.name} lists no {OPERATORS_KEY}, and `pulumi up` will refuse it; "
                f"the sandbox uses its laptop's addresses: {', '.join(self.file.operators)}"
            )
        return instead


def program(main: Path) -> PulumiFn:
    """A Python file as the engine's inline program, run anew at each operation."""

    def run() -> None:
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        # the SDK forgets no hook server of an earlier run of this process, and would stop it once more
        _CallbackServicer._servicers.clear()  # noqa: SLF001 - it has no public way
        runpy.run_path(str(main), run_name="__main__")

    return run


def _failed(operation: str, error: CommandError) -> EngineFailed:
    code, stdout, stderr = _ending(error)
    return EngineFailed(Outcome(operation=operation, stdout=stdout, stderr=stderr, code=code))


def _ending(error: CommandError) -> tuple[int, str, str]:
    """The engine's exit status, stdout and stderr, from the only form in which a CommandError has them."""
    rest, _, stderr = str(error).partition("\n stderr: ")
    code, _, stdout = rest.partition("\n stdout: ")
    return int(code.rpartition("code: ")[2]), stdout, stderr
