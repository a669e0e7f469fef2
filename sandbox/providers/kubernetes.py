"""The kubernetes provider: creates objects in the cluster of its kubeconfig, and updates them server-side."""

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from sandbox.faults import Fault
from sandbox.nodes.following import fabric_in_use
from sandbox.providers.base import StandIn
from sandbox.providers.diffing import Difference
from sandbox.providers.k3s_credentials import access
from sandbox.providers.kubernetes_api import Api, UnreachableError, identity_of
from sandbox.providers.kubernetes_kinds import KINDS, Kind
from sandbox.providers.kubernetes_ledger import Ledger
from sandbox.providers.kubernetes_recorded import reach, world_kind
from sandbox.providers.resource import INTERNAL, Made, Plain, Resource
from sandbox.providers.values import UNKNOWN, has_unknown, normal
from sandbox.world import World

_IDENTITY: Final = ("name", "namespace")


class KubernetesObject(Resource):
    """An object of any kind. Its inputs are its manifest."""

    shape: Kind

    def __init__(self, world: World, shape: Kind, connection: "Connection") -> None:
        self.shape = shape
        self.connection: Final = connection
        super().__init__(world)

    @property
    def known(self) -> dict[str, bool]:
        """The top-level fields of a manifest, and whether they are required. The API server checks their contents."""
        return {"apiVersion": True, "kind": True, "metadata": True, **dict.fromkeys(self.shape.body, False)}

    def prepared(self, inputs: Plain, old: Plain, name: str, seed: bytes) -> Plain:
        """Return the inputs with a name and a namespace, if they have none."""
        metadata = dict(inputs.get("metadata") or {})
        if metadata.get("name") is None:
            metadata["name"] = (old.get("metadata") or {}).get("name") or f"{name}-{seed.hex()[:8]}"
        if self.shape.namespaced and metadata.get("namespace") is None:
            metadata["namespace"] = "default"
        return {**inputs, "metadata": metadata}

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """Compare old and new inputs, and ignore fields that others add to the object."""
        del state
        keys = {*old_inputs, *inputs} - INTERNAL - set(ignored)
        found = Difference(changed={key for key in keys if _differs(old_inputs.get(key), inputs.get(key))})
        found.by_input = set(found.changed)
        old, new = old_inputs.get("metadata") or {}, inputs.get("metadata") or {}
        if any(_differs(old.get(key), new.get(key)) for key in _IDENTITY):
            found.replacing.add("metadata")
        found.replacing |= found.changed & self.immutable
        found.delete_first = bool(found.replacing)
        return found

    @property
    def immutable(self) -> frozenset[str]:
        """Fields whose change replaces the object."""
        return frozenset()

    def planned(self, inputs: Plain) -> Plain:
        """Do a dry run, if the API server answers and all inputs are known."""
        self._dry_run(inputs)
        return self.shown(inputs)

    def planned_update(self, state: Plain, inputs: Plain) -> Plain:
        """Do the same for an update."""
        self._dry_run(inputs, exists=True)
        return {**state, **self.shown(inputs)}

    def create(self, inputs: Plain, urn: str) -> Made:
        """Create the object with POST, or with PATCH if the provider takes over existing objects."""
        manifest = self.shown(inputs)
        made = self.connection.api.create(self.shape, manifest, urn, upsert=self.connection.upserts)
        return Made(id=identity_of(manifest), outputs=made)

    def read(self, identity: str, state: Plain) -> Plain | None:
        """Read the object with GET."""
        del state
        return self.connection.api.get(self.shape, identity)

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Apply the object server-side with PATCH."""
        del state
        return self.connection.api.apply(self.shape, identity, self.shown(inputs))

    def delete(self, identity: str, state: Plain) -> None:
        """Delete the object, in the foreground."""
        del state
        self.connection.api.delete(self.shape, identity)

    def read_inputs(self, inputs: Plain, outputs: Plain) -> Plain:
        """Return the inputs as the cluster has them now, or all fields for an import."""
        if not [key for key in inputs if key not in INTERNAL]:
            return {key: outputs[key] for key in self.known if key in outputs}
        return {key: value if key in INTERNAL else _as_live(value, outputs.get(key)) for key, value in inputs.items()}

    def detail(self, inputs: Plain, state: Plain) -> str:
        """Return the object's name."""
        manifest = inputs or state
        return identity_of(manifest) if manifest.get("metadata") else ""

    def _dry_run(self, inputs: Plain, *, exists: bool = False) -> None:
        if has_unknown(inputs):
            return
        with suppress(UnreachableError):
            self.connection.api.refuse(self.shape, self.shown(inputs), exists=exists)


class Secret(KubernetesObject):
    """A Secret. Its data are base64 and secret, and change in place only if the provider allows it."""

    secrets = frozenset({"data", "stringData"})
    secret_inputs = frozenset({"data"})

    def prepared(self, inputs: Plain, old: Plain, name: str, seed: bytes) -> Plain:
        """Convert `stringData` to `data`, like the API server."""
        inputs = super().prepared(inputs, old, name, seed)
        texts = inputs.pop("stringData", None) or {}
        if texts == UNKNOWN:
            return {**inputs, "data": UNKNOWN}
        data = {key: text if text == UNKNOWN else _base64(str(text)) for key, text in texts.items()}
        return {**inputs, "data": {**(inputs.get("data") or {}), **data}} if data else inputs

    @property
    def immutable(self) -> frozenset[str]:
        """The type, and the data unless the provider allows changes."""
        return frozenset({"type"} if self.connection.secrets_are_mutable else {"type", "data"})


class Connection:
    """The cluster that the provider is configured for."""

    def __init__(self, world: World, configuration: Callable[[], Plain]) -> None:
        self._world: Final = world
        self._configuration: Final = configuration
        self._clients: Final[dict[str, Api]] = {}

    @property
    def api(self) -> Api:
        """The cluster's API server. Raises UnreachableError."""
        kubeconfig = self._configuration().get("kubeconfig")
        if not kubeconfig or has_unknown(kubeconfig):
            raise UnreachableError("configured Kubernetes cluster is unreachable: no kubeconfig is known yet")
        return self._live(str(kubeconfig)) if is_real() else reach(self._world, str(kubeconfig))

    def _live(self, kubeconfig: str) -> Api:
        from sandbox.providers.kubernetes_live import LiveApi  # noqa: PLC0415 - most sandboxes have no real cluster

        if kubeconfig not in self._clients:
            self._clients[kubeconfig] = LiveApi(kubeconfig, ledger=Ledger(self._world))
        return self._clients[kubeconfig]

    @property
    def secrets_are_mutable(self) -> bool:
        """Whether a Secret's data may change in place."""
        return self._is_on("enableSecretMutable")

    @property
    def upserts(self) -> bool:
        """Whether a create takes over an object that exists."""
        return self._is_on("upsertExistingObjects")

    def _is_on(self, key: str) -> bool:
        return bool(normal(self._configuration().get(key)) == "true")


class Kubernetes(StandIn):
    """pulumi-kubernetes."""

    name = "kubernetes"
    unavailable = "the server is currently unable to handle the request"

    def __init__(self, world: World, faults: Sequence[Fault] | None = None) -> None:
        super().__init__(world, faults)
        connection = Connection(world, lambda: self.configuration)
        self.kinds = {kind.token: _object(world, kind, connection) for kind in KINDS}

    resources: ClassVar = ()

    def configuration_difference(self, old: Plain, new: Plain) -> Difference:
        """Replace the provider and its objects if the cluster changes; `clusterIdentifier`, if set, identifies it."""
        found = super().configuration_difference(old, new)
        if new.get("clusterIdentifier"):
            both = old.get("clusterIdentifier") is not None
            found.replacing = {"clusterIdentifier"} & found.changed if both else set()
        elif "kubeconfig" in found.changed and _server(old) != _server(new):
            found.replacing = {"kubeconfig"}
        return found


class LiveKubernetes(Kubernetes):
    """pulumi-kubernetes with a real API server, which handles concurrent requests itself."""

    atomic = False
    workers = 8


def is_real() -> bool:
    """Whether the cluster of this run is a real one."""
    return fabric_in_use() is not None


def provider(world: World) -> Kubernetes:
    """The plugin."""
    return LiveKubernetes(world) if is_real() else Kubernetes(world)


def _object(world: World, kind: Kind, connection: Connection) -> KubernetesObject:
    """Create the class of a kind, because the kinds are rows of a table."""
    base = Secret if kind.kind == "Secret" else KubernetesObject
    made: type[KubernetesObject] = type(kind.kind, (base,), {"token": kind.token, "kind": world_kind(kind)})
    return made(world, kind, connection)


def _server(configuration: Plain) -> str | None:
    """Return the address of the API server, or None if it is not known."""
    try:
        return access(str(configuration.get("kubeconfig") or ""))["server"]
    except ValueError:
        return None


def _differs(old: Any, new: Any) -> bool:
    return has_unknown(new) or bool(normal(old) != normal(new))


def _as_live(wanted: Any, live: Any) -> Any:
    """Return the live value of each wanted field."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return {key: _as_live(item, live[key]) for key, item in wanted.items() if key in live}
    return wanted if normal(wanted) == normal(live) else live


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
