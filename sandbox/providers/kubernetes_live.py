"""A client of a real API server that works like pulumi-kubernetes: POST to create, server-side apply to update.

Like the provider, it waits for the address of an Ingress, and does not wait for our other kinds. Conflicts with fields
of other managers are errors, which is the provider's default.
"""

import base64
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sandbox.providers.kubernetes_api import (
    Manifest,
    identity_of,
    not_created,
    not_found,
    skips_await,
    without_address,
)
from sandbox.providers.kubernetes_https import APPLY_PATCH, JSON_PATCH, Answer, Client
from sandbox.providers.kubernetes_kinds import Kind
from sandbox.providers.kubernetes_ledger import Ledger
from sandbox.providers.kubernetes_ownership import MANAGER, created_by_us, taken_over
from sandbox.providers.refusal import RefusalError, UnfinishedError

_WRITING: Final = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
_IMMUTABLE: Final = "field is immutable"
_LONGEST_NAME: Final = 58
"""Characters of a name before five random ones. Source: Kubernetes' names.SimpleNameGenerator."""
_TELLING: Final = 8
"""Minimum length of a line that would reveal the value of a Secret."""
_TRIES: Final = 5
_HELP: Final = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources"
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The limits of waits, and the pause between two requests, in seconds."""

    address: float = 600.0
    deletion: float = 60.0
    namespace: float = 300.0
    """For the deletion of a namespace with everything in it."""
    pause: float = 0.5


_PATIENCE: Final = Patience()


class LiveApi:
    """The objects of a real cluster. Every method raises RefusalError with the API's message, or UnreachableError."""

    def __init__(self, kubeconfig: str, patience: Patience = _PATIENCE, ledger: Ledger | None = None) -> None:
        self._client: Final = Client(kubeconfig)
        self._patience: Final = patience
        self._ledger: Final = ledger or Ledger()

    def refuse(self, kind: Kind, manifest: Manifest, *, exists: bool = False) -> None:
        """Do a dry run of server-side apply. A new object may lack its namespace or kind, which may come later."""
        identity = identity_of(manifest)
        forced = not exists or created_by_us(self._managed(kind, identity)[0])
        answer = self._apply(kind, identity, manifest, dryRun="All", force=str(forced).lower())
        if (
            not exists and answer.code == 422 and _IMMUTABLE in answer.message
        ):  # a replacement, whose name is still taken
            renamed = _renamed(manifest)
            answer = self._apply(kind, identity_of(renamed), renamed, dryRun="All", force="true")
        if answer.refused and (exists or answer.missing not in ("", "namespaces")):
            raise RefusalError(_words(kind, manifest, answer))

    def create(self, kind: Kind, manifest: Manifest, urn: str, *, upsert: bool = False) -> Manifest:
        """Create an object with POST, which fails if it exists; with `upsert`, apply it server-side."""
        identity = identity_of(manifest)
        self._ledger.begins(kind, identity, urn)
        if upsert:
            answer = self._apply(kind, identity, manifest, force="false")
        else:
            answer = self._client.send("POST", _path(kind, identity).rpartition("/")[0], query=_WRITING, body=manifest)
        if answer.refused:
            self._ledger.ended(kind, identity, urn)
            raise not_created(identity, _words(kind, manifest, answer))
        return self._awaited(kind, identity, dict(answer.body))

    def get(self, kind: Kind, identity: str) -> Manifest | None:
        """Return the object as it is now, or None."""
        found = self._get(kind, identity)
        return None if found is None else _visible(found)

    def apply(self, kind: Kind, identity: str, manifest: Manifest) -> Manifest:
        """Apply server-side, including all fields that we or kubectl have set before."""
        self._take_over(kind, identity)
        answer = self._apply(kind, identity, manifest, force="false")
        if answer.refused:
            raise RefusalError(_words(kind, manifest, answer))
        return self._awaited(kind, identity, dict(answer.body))

    def delete(self, kind: Kind, identity: str) -> None:
        """Delete the object, and wait until the garbage collector has removed it and its dependents."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        answer = self._client.send("DELETE", _path(kind, identity), body=options)
        if answer.code == 404:
            self._ledger.ended(kind, identity)
            return
        if answer.refused:
            raise RefusalError(answer.message)
        seconds = self._patience.namespace if kind.kind == "Namespace" else self._patience.deletion
        doomed = (answer.body.get("metadata") or {}).get("uid")
        for found in self._looks(kind, identity, seconds):
            if found is None or found["metadata"]["uid"] != doomed:
                self._ledger.ended(kind, identity)
                return
        name = identity.rpartition("/")[2]
        raise RefusalError(f'Timed out waiting for deletion of {kind.api_version}/{kind.kind} "{name}"')

    def _apply(self, kind: Kind, identity: str, manifest: Manifest, **query: str) -> Answer:
        asked = {**_WRITING, **query}
        return self._client.send("PATCH", _path(kind, identity), query=asked, body=manifest, content_type=APPLY_PATCH)

    def _take_over(self, kind: Kind, identity: str) -> None:
        """Take over fields of other clients; retry if the object changes. Raises RefusalError if it is missing."""
        for _ in range(_TRIES):
            managed, version = self._managed(kind, identity)
            ours = taken_over(managed)
            if ours is None:
                return
            patch = [
                {"op": "replace", "path": "/metadata/managedFields", "value": ours},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            ]
            answer = self._client.send("PATCH", _path(kind, identity), body=patch, content_type=JSON_PATCH)
            if not answer.refused:
                return
            if answer.code != 409:
                break
        raise RefusalError(answer.message)

    def _managed(self, kind: Kind, identity: str) -> tuple[list[Manifest], str]:
        """Return the object's managed fields and its version."""
        found = self._get(kind, identity)
        if found is None:
            raise not_found(kind, identity)
        return found["metadata"].get("managedFields") or [], str(found["metadata"]["resourceVersion"])

    def _get(self, kind: Kind, identity: str) -> Manifest | None:
        answer = self._client.send("GET", _path(kind, identity))
        if answer.code == 404:
            return None
        if answer.refused:
            raise RefusalError(answer.message)
        return dict(answer.body)

    def _awaited(self, kind: Kind, identity: str, made: Manifest) -> Manifest:
        """Return the object once it is ready."""
        if kind.kind != "Ingress" or skips_await(made):
            return _visible(made)
        live = made
        for found in self._looks(kind, identity, self._patience.address):
            if found is None:
                raise not_found(kind, identity)
            live = found
            if ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                return _visible(live)
        raise UnfinishedError(without_address(identity, self._who_should(live)), identity, _visible(live))

    def _who_should(self, ingress: Manifest) -> str:
        """Return why an Ingress has no address, as far as the API shows it."""
        chosen = str((ingress.get("spec") or {}).get("ingressClassName"))
        path = f"/apis/networking.k8s.io/v1/ingressclasses/{quote(chosen, safe='')}"
        if self._client.send("GET", path).code == 404:
            return f"no controller serves the class {chosen}"
        return f"the controller of the class {chosen} has written no address in {self._patience.address:.0f} s"

    def _looks(self, kind: Kind, identity: str, seconds: float) -> Iterator[Manifest | None]:
        """Yield the object repeatedly, until the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            yield self._get(kind, identity)
            if time.monotonic() > deadline:
                return
            time.sleep(self._patience.pause)


def _path(kind: Kind, identity: str) -> str:
    """Return the object's path in the API."""
    namespace, _, name = identity.rpartition("/")
    group = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
    place = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced else ""
    return f"{group}{place}/{kind.plural}/{quote(name, safe='')}"


def _renamed(manifest: Manifest) -> Manifest:
    """Return the manifest with a random suffix in its name."""
    name = f"{manifest['metadata']['name'][:_LONGEST_NAME]}{secrets.token_hex(3)[:5]}"
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def _visible(live: Manifest) -> Manifest:
    """Return the object without its managed fields, which change with every request."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def _words(kind: Kind, manifest: Manifest, answer: Answer) -> str:
    """Return the API server's error, as the provider words it, without the value of a Secret."""
    if answer.missing == "":
        return f'no matches for kind "{kind.kind}" in version "{kind.api_version}"'
    if kind.kind == "Secret" and any(value in answer.message for value in _values(manifest)):
        return f"{answer.reason}: the API server's message is not shown, because it contains a value of the Secret"
    if answer.reason == "Conflict":
        return (
            f"Server-Side Apply field conflict detected. See {_HELP} for troubleshooting help.\n"
            f'The resource managed by field manager "{MANAGER}" had an apply conflict: {answer.message}'
        )
    return answer.message


def _values(manifest: Manifest) -> Iterator[str]:
    """Yield the values of a Secret, plain and in base64, whole and line by line."""
    encoded = list(_leaves(manifest.get("data")))
    texts = [*encoded, *_leaves(manifest.get("stringData"))]
    for value in encoded:
        with suppress(ValueError):
            texts.append(base64.b64decode(value).decode())
    yield from filter(None, texts)
    yield from (line for text in texts for line in text.splitlines() if len(line) >= _TELLING)


def _leaves(value: Any) -> Iterator[str]:
    """Yield all scalars at any depth, because a refused manifest may contain anything."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)
