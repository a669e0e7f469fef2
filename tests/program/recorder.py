"""A recording monitor: runs the real `__main__.py` and keeps every registration with all its options.

What the clouds would answer is made up here, so no test may assert on it; recorded is what the program asked for.
"""

import asyncio
import logging
import runpy
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.config import set_all_config

from tests.stack_files import ROOT, SECRET_KEYS, as_pulumi_hands_over, generated_secrets, stack_config


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One RegisterResource call: what the program wanted, in Pulumi's own camelCase."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    answered: dict[str, Any]
    secret_inputs: frozenset[str]
    protect: bool
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    dependencies: frozenset[str]
    property_dependencies: dict[str, frozenset[str]]
    additional_secret_outputs: frozenset[str]
    aliases: tuple[Any, ...]
    provider: str
    before_delete: tuple[str, ...]
    on_error: tuple[str, ...]
    retain_on_delete: bool


@dataclass
class Recording:
    """All of one run."""

    config: dict[str, Any] = field(default_factory=dict)
    registrations: list[Registration] = field(default_factory=list)
    registered_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, pulumi.ResourceHook | pulumi.ErrorHook] = field(default_factory=dict)

    def of_type(self, suffix: str) -> list[Registration]:
        """Registrations whose type ends in `suffix`, in order."""
        return [item for item in self.registrations if item.type.endswith(suffix)]

    def named(self, name: str, suffix: str = "") -> Registration:
        """The one registration of that name (and type)."""
        found = [item for item in self.registrations if item.name == name and item.type.endswith(suffix)]
        assert len(found) == 1, f"{len(found)} registrations are named {name} ({suffix or 'any type'})"
        return found[0]

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """The resources as the engine's state would hold them: the outputs contain the inputs."""
        return {item.urn: {"type": item.type, "outputs": item.inputs} for item in self.registrations}

    def reaches(self, urn: str) -> set[str]:
        """Every urn that `urn` comes after: through dependencies, parents' providers and its provider."""
        by_urn = {item.urn: item for item in self.registrations}
        seen: set[str] = set()
        waiting = [urn]
        while waiting:
            item = by_urn.get(waiting.pop())
            if item is None:
                continue
            before = set(item.dependencies) | {item.provider.rpartition("::")[0]}
            waiting += list(before - seen)
            seen |= before
        return seen


class _Clouds(mocks.Mocks):
    """Answers in the clouds' place; an unknown invoke is an error, not an empty answer."""

    def __init__(self, deployed: dict[str, dict[str, Any]]) -> None:
        self._deployed = deployed

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        number = 1 + zlib.crc32(f"{args.typ} {args.name}".encode()) % 2**24  # the same in each run, as in a state
        return str(number), {**args.inputs, **_computed(args, number)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        match args.token:
            case "cloudflare:index/getZones:getZones":
                return {"results": [{"id": f"{1:032x}", "name": args.args["name"]}]}, []
            case "pulumi:pulumi:readStackResourceOutputs":
                return {"name": args.args["stackName"], "outputs": self._deployed}, []
            case _:
                raise AssertionError(f"the program calls {args.token}, which the recorder does not know")


_PATIENCE_SECONDS = 300
_KUBECONFIG = "{clusters: [{name: default, cluster: {server: 'https://127.0.0.1:6443'}}]}"


def _computed(args: mocks.MockResourceArgs, count: int) -> dict[str, Any]:  # noqa: PLR0911 - a table
    match args.typ:
        case "hcloud:index/primaryIp:PrimaryIp":
            low = count % 2**16
            ipv4 = f"198.18.{low // 256}.{low % 256}"
            address = ipv4 if args.inputs["type"] == "ipv4" else f"2001:db8:{low:x}::"
            return {"ipAddress": address}
        case "tls:index/privateKey:PrivateKey":
            public = f"ssh-ed25519 {count}\n"
            return {
                "privateKeyOpenssh": f"-----BEGIN OPENSSH PRIVATE KEY-----{count}",
                "privateKeyPem": f"-----BEGIN PRIVATE KEY-----{count}",
                "publicKeyOpenssh": public,
            }
        case "tls:index/certRequest:CertRequest":
            return {"certRequestPem": f"request {count}"}
        case "tls:index/selfSignedCert:SelfSignedCert" | "tls:index/locallySignedCert:LocallySignedCert":
            return {"certPem": f"certificate {count}\n"}
        case "cloudflare:index/originCaCertificate:OriginCaCertificate":
            return {"certificate": f"certificate {count}", "expiresOn": "2041-01-01T00:00:00Z"}
        case "random:index/randomPassword:RandomPassword":
            return {"result": f"password {count}"}
        case "random:index/randomId:RandomId":
            return {"hex": f"{count:08x}"}
        case "command:remote:Command":
            return {"stdout": _KUBECONFIG, "stderr": ""}
        case _:
            return {}


class _Recorder(mocks.MockMonitor):
    def __init__(self, recording: Recording, deployed: dict[str, dict[str, Any]]) -> None:
        super().__init__(_Clouds(deployed))
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the gRPC method's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK's own is untyped
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        self._recording.registrations.append(
            Registration(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                inputs={key: _plain(value) for key, value in inputs.items()},
                answered={"id": answer.id, **_addresses(answer)},
                secret_inputs=frozenset(key for key, value in inputs.items() if rpc.is_rpc_secret(value)),
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                delete_before_replace=request.deleteBeforeReplace,
                dependencies=frozenset(request.dependencies),
                property_dependencies={
                    key: frozenset(value.urns) for key, value in request.propertyDependencies.items()
                },
                additional_secret_outputs=frozenset(request.additionalSecretOutputs),
                aliases=tuple(request.aliases),
                provider=request.provider,
                before_delete=tuple(request.hooks.before_delete),
                on_error=tuple(request.hooks.on_error),
                retain_on_delete=request.retainOnDelete,
            )
        )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the gRPC method's name
        outputs = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
        self._recording.registered_outputs[request.urn] = outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call] # as above


class _Hooks:
    """Keeps the program's hooks, which are the engine's to call."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        self._recording.hooks[hook.name] = hook

    def register_error_hook(self, hook: pulumi.ErrorHook) -> None:
        self._recording.hooks[hook.name] = hook


def _addresses(answer: Any) -> dict[str, Any]:
    """The address that the made-up cloud gave, since a policy follows it from the server to the record."""
    return {key: value for key, value in rpc.deserialize_properties(answer.object).items() if key == "ipAddress"}


def _plain(value: Any) -> Any:
    """Without the marks of secrets, and with whole numbers as the engine hands them to policies: as integers."""
    match value:
        case dict() if rpc.is_rpc_secret(value):
            return _plain(rpc.unwrap_rpc_secret(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def record(
    stack: str,
    overrides: dict[str, Any] | None = None,
    *,
    preview: bool = False,
    deployed: Recording | None = None,
) -> Recording:
    """Run the program with a stack file's values, some of them overridden (None leaves a key out).

    `deployed` is the run that the stack's state comes from; without one the stack is new.

    Raises:
        Exception: whatever the program raises.
    """
    given = {key: deployed.config[key] for key in SECRET_KEYS} if deployed else generated_secrets()
    config = {**stack_config(stack), **given, **(overrides or {})}
    config = {key: value for key, value in config.items() if value is not None}
    state = deployed.state if deployed is not None else {}
    return record_config(stack, config, preview=preview, deployed=state)


def record_config(
    stack: str,
    config: dict[str, Any],
    *,
    preview: bool = False,
    deployed: dict[str, dict[str, Any]] | None = None,
) -> Recording:
    """Run the program with just this configuration, over a state as the engine hands it over."""
    recording = Recording(config=config)
    secret_keys = [key for key in SECRET_KEYS if key in config]

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    async def main() -> None:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        configure(stack, config, secret_keys, _Recorder(recording, deployed or {}), preview=preview)
        settings.SETTINGS.callbacks = _Hooks(recording)
        await asyncio.wait_for(pulumi.runtime.stack.run_in_stack(program), _PATIENCE_SECONDS)

    before = dict(sys.modules)
    try:
        asyncio.run(main())
    finally:
        for name in set(sys.modules) - set(before):
            if name == "__main__":
                del sys.modules[name]
    return recording


def configure(
    stack: str, config: dict[str, Any], secret_keys: Sequence[str], monitor: mocks.MockMonitor, *, preview: bool = False
) -> None:
    """Point the SDK at a monitor and a configuration, without a stack resource: a program makes its own."""
    settings.ROOT.set(cast("pulumi.Resource", object()))  # set_mocks would make one where there is none
    mocks.set_mocks(monitor.mocks, project="honeydue", stack=stack, preview=preview, monitor=monitor)
    settings.ROOT.set(None)
    set_all_config(as_pulumi_hands_over(config), list(secret_keys))
