"""What the kubernetes stand-in needs of an API server, be it recorded or real, and the words for what goes wrong there.

Source of the words: pulumi-kubernetes 4.32 and client-go.
"""

from typing import Any, Final, Protocol

from sandbox.providers.kubernetes_kinds import Kind
from sandbox.providers.refusal import RefusalError

Manifest = dict[str, Any]

UNAUTHORIZED: Final = "Unauthorized"
UNKNOWN_AUTHORITY: Final = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


class UnreachableError(RefusalError):
    """No API server answers to this kubeconfig."""


class Api(Protocol):
    """One cluster's objects. An identity is what `identity_of` says of the manifest."""

    def refuse(self, kind: Kind, manifest: Manifest, *, exists: bool = False) -> None:
        """A dry run, of a creation or of a change: raises RefusalError for what the API server would not take."""

    def create(self, kind: Kind, manifest: Manifest, urn: str, *, upsert: bool = False) -> Manifest:
        """Create the object of this resource, and return it once it is live.

        An object that exists already is a RefusalError, or with `upsert` is taken over. An object that was created and
        does not become live is an UnfinishedError.
        """

    def get(self, kind: Kind, identity: str) -> Manifest | None:
        """The object as it is now."""

    def apply(self, kind: Kind, identity: str, manifest: Manifest) -> Manifest:
        """Server-side apply: what we set before and do not set now goes, what others set stays."""

    def delete(self, kind: Kind, identity: str) -> None:
        """Remove it, if it is there, with what belongs to it."""


def identity_of(manifest: Manifest) -> str:
    """`namespace/name`, or the name of what has no namespace."""
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def skips_await(manifest: Manifest) -> bool:
    """Whether the provider returns without waiting for the object: only the exact text "true" counts."""
    annotations = manifest["metadata"].get("annotations") or {}
    return bool(annotations.get("pulumi.com/skipAwait") == "true")


def unreachable(server: str, why: str) -> UnreachableError:
    """The client can't even ask what the API server knows."""
    said = "configured Kubernetes cluster is unreachable: unable to load schema information"
    return UnreachableError(f'{said}: Get "{server}": {why}')


def not_found(kind: Kind, identity: str) -> RefusalError:
    """There is no such object."""
    return RefusalError(f'{kind.resource} "{identity.rpartition("/")[2]}" not found')


def not_created(identity: str, why: str) -> RefusalError:
    """The API server refused to make it."""
    return RefusalError(f'resource "{identity}" was not successfully created by the Kubernetes API server: {why}')


def without_address(identity: str, why: str) -> str:
    """An Ingress is there, but nobody says where it is served."""
    return (
        f'resource "{identity}" was successfully created, but the Kubernetes API server reported that it '
        f"failed to fully initialize or become live: Ingress .status.loadBalancer field was not updated "
        f"with a hostname/IP address: {why}"
    )
