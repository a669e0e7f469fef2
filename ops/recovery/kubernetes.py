"""Find the stack's objects in the cluster, by namespace and name.

The state of an object is written here instead of being read by the provider, because the provider would give the object
a new field manager, and the next change of it would conflict with the former one.
Source: fieldManagerName, checkpointObject and pruneLiveState of pulumi-kubernetes 4.32 (provider/pkg/provider).
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from ops.recovery.cluster import Cluster, NotAKubeconfigError
from ops.recovery.found import DependsOnMissingError, Found, NotFoundError
from ops.recovery.program import Registration
from ops.recovery.values import Properties, is_known, plain, secret

PROVIDER: Final = "pulumi:providers:kubernetes"
PREFIX: Final = "kubernetes:"
_MANAGER: Final = "pulumi"
"""The start of the name under which the provider owns fields."""


class KubernetesObjects:
    """The objects of the cluster that the program's provider is configured for."""

    def __init__(self, kubeconfig: str = "") -> None:
        """Prepare the search.

        Args:
            kubeconfig: The kubeconfig to use instead of the program's own.

        Raises:
            NotAKubeconfigError: If it is given and is none.
        """
        self._given: Final = Cluster(kubeconfig) if kubeconfig else None
        self._clusters: Final[dict[str, Cluster | None]] = {}

    def provide(self, registration: Registration) -> None:
        """Note a provider and its kubeconfig.

        Raises:
            NotFoundError: If its kubeconfig cannot be used.
        """
        kubeconfig = plain(registration.inputs).get("kubeconfig", "")
        if self._given is not None or not is_known(kubeconfig):
            self._clusters[registration.urn] = self._given
            return
        try:
            self._clusters[registration.urn] = Cluster(str(kubeconfig))
        except NotAKubeconfigError as error:
            self._clusters[registration.urn] = None
            raise NotFoundError(f"the kubeconfig of provider {registration.name}: {error}") from error

    def find(self, registration: Registration) -> Found:
        """Return the object of a resource.

        Raises:
            NotFoundError: If there is none.
            DependsOnMissingError: If the kubeconfig is not known, because a server was not found.
            ApiError: If the API server refuses or cannot be reached.
        """
        cluster = self._clusters.get(registration.provider)
        wanted = _with_data(plain(registration.inputs))
        if cluster is None:
            raise DependsOnMissingError
        metadata = wanted["metadata"]
        namespace, name = str(metadata.get("namespace", "")), str(metadata["name"])
        identity = f"{namespace}/{name}" if namespace else name
        live = cluster.get(wanted["apiVersion"], wanted["kind"], namespace, name)
        if live is None:
            raise NotFoundError(f"the cluster at {cluster.server} has no {wanted['kind']} {identity}")
        if _certificate(wanted) not in (None, _certificate(live)):
            raise NotFoundError(f"the Secret {identity} holds another certificate than the one found at Cloudflare")
        inputs = _hide(pruned(live, wanted), registration)
        state = {**_hide(live, registration), "__inputs": inputs, "__initialApiVersion": wanted["apiVersion"]}
        manager = _manager(live)
        if manager:
            state["__fieldManager"] = manager
        return Found(id=identity, outputs=state, inputs=inputs, state=state)


def pruned(live: Any, wanted: Any) -> Any:
    """Return the live values of what the program wants, as the provider compares them."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        return {key: pruned(live[key], value) for key, value in wanted.items() if key in live}
    if isinstance(live, list) and isinstance(wanted, list):
        return [*map(pruned, live, wanted), *live[len(wanted) :]]
    return live


def _with_data(manifest: Properties) -> Properties:
    """Return a Secret's manifest with `data` in place of `stringData`, as the API server keeps it."""
    texts = manifest.get("stringData")
    if manifest.get("kind") != "Secret" or not is_known(texts):
        return manifest
    data = {key: base64.b64encode(str(text).encode()).decode() for key, text in (texts or {}).items()}
    return {**{key: value for key, value in manifest.items() if key != "stringData"}, "data": data}


def _certificate(manifest: Mapping[str, Any]) -> Any:
    """Return the certificate of a TLS Secret, None for any other object or if it is not known.

    Another certificate than the one in use may belong to another key, and the next update would put it into use.
    """
    data = manifest.get("data")
    if manifest.get("type") != "kubernetes.io/tls" or not isinstance(data, Mapping):
        return None
    return data.get("tls.crt")


def _hide(manifest: Mapping[str, Any], registration: Registration) -> Properties:
    """Mark what the program says is secret: the data of a Secret."""
    return {key: secret(value) if key in registration.secret_outputs else value for key, value in manifest.items()}


def _manager(live: Mapping[str, Any]) -> str:
    """Return the name under which the provider owns fields of the object, empty if it owns none."""
    for entry in live["metadata"].get("managedFields") or []:
        if not entry.get("subresource") and str(entry.get("manager", "")).startswith(_MANAGER):
            return str(entry["manager"])
    return ""
