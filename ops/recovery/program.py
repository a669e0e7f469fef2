"""Run the stack's own program, and answer each resource that it registers with the object that exists.

So the program itself says which resources there are, how they are called and what their inputs are. The engine is not
involved and nothing is created. Only the SDK's
interface for tests lets a program run without an engine.
"""

import asyncio
import logging
import runpy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2

from ops.recovery.values import Properties, from_protocol, to_protocol

PATIENCE: Final = 600.0
"""Seconds that the program may run."""
ORGANIZATION: Final = "organization"
"""The program uses it only to read its own state, which is lost."""


class ProgramError(Exception):
    """The program refused its config or failed. The text is its own error."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A resource as the program registers it.

    Attributes:
        provider: The URN of its explicit provider; empty for a default provider.
        secret_outputs: The names of outputs that are secret.
        ignored: The names of inputs whose changes the program ignores.
    """

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    version: str
    custom: bool
    inputs: Properties
    secret_outputs: frozenset[str]
    ignored: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the program learns about a resource. Outputs that are missing here are unknown to it."""

    id: str = ""
    outputs: Properties = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The stack that the program runs for, and its config in plain text."""

    project: str
    name: str
    config: Mapping[str, str]
    secret_keys: tuple[str, ...]


Resources = Callable[[Registration], Answer]
Functions = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def run(main: Path, stack: Stack, resources: Resources, functions: Functions) -> None:
    """Run a program.

    Args:
        main: The path of `__main__.py`.
        stack: The stack and its config.
        resources: Answers each registration; called by one thread at a time.
        functions: Answers each invoke, given its token and arguments.

    Raises:
        ProgramError: If the program fails.
    """

    def program() -> None:
        runpy.run_path(str(main), run_name="__main__")

    async def start() -> None:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would show the traceback of a refused config
        _connect(stack, _Monitor(resources, functions))
        await asyncio.wait_for(pulumi.runtime.stack.run_in_stack(program), PATIENCE)

    try:
        asyncio.run(start())
    except TimeoutError as error:
        raise ProgramError(f"{main} did not end within {PATIENCE:.0f} s") from error
    except Exception as error:
        raise ProgramError(f"{type(error).__name__}: {error}") from error


class _Functions(mocks.Mocks):
    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return self._functions(args.token, args.args), []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(f"{args.typ} {args.name}: the program reads a resource of another stack")


class _Monitor(mocks.MockMonitor):
    def __init__(self, resources: Resources, functions: Functions) -> None:
        super().__init__(_Functions(functions))
        self._answer = resources
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the gRPC method's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registration = Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            parent="" if "pulumi:pulumi:Stack::" in request.parent.rpartition("$")[2] else request.parent,
            provider=request.provider.rpartition("::")[0],
            version=request.version,
            custom=request.custom,
            inputs=from_protocol(request.object),
            secret_outputs=frozenset(request.additionalSecretOutputs),
            ignored=frozenset(request.ignoreChanges),
        )
        with self._lock:
            answer = self._answer(registration)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=answer.id, object=to_protocol(answer.outputs))


class _Hooks:
    """Accepts the program's hooks, which only the engine calls."""

    def register_resource_hook(self, _hook: pulumi.ResourceHook) -> None:
        """Do nothing."""

    def register_error_hook(self, _hook: pulumi.ErrorHook) -> None:
        """Do nothing."""


def _connect(stack: Stack, monitor: mocks.MockMonitor) -> None:
    """Point the SDK at the monitor. As in a preview, an output that is missing in an answer is unknown."""
    settings.ROOT.set(cast("pulumi.Resource", object()))  # set_mocks would create a stack resource otherwise
    mocks.set_mocks(
        monitor.mocks,
        project=stack.project,
        stack=stack.name,
        organization=ORGANIZATION,
        preview=True,
        monitor=monitor,
        logger=logging.getLogger("pulumi-program"),
    )
    settings.ROOT.set(None)
    settings.SETTINGS.callbacks = _Hooks()
    set_all_config(dict(stack.config), list(stack.secret_keys))
