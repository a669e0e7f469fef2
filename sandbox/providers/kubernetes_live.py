"""A real API server: objects are created with POST and changed with server-side apply, as pulumi-kubernetes does it.

Creation awaits what the provider awaits of our kinds: the address of an Ingress, and of the others nothing. Conflicts
with other managers' fields are errors, as is the provider's default.
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
"""Letters that leave room for five random ones. Source: Kubernetes' names.SimpleNameGenerator."""
_TELLING: Final = 8
"""Letters of a line that give a Secret's value away."""
_TRIES: Final = 5
_HELP: Final = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources"
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds to wait for something at most, and between two looks."""

    address: float = 600.0
    deletion: float = 60.0
    namespace: float = 300.0
    """For the deletion of one, with all that is in it."""
    pause: float = 0.5


_PATIENCE: Final = Patience()


class LiveApi:
    """One real cluster's objects. Every method raises RefusalError with the API's words, or UnreachableError."""

    def __init__(self, kubeconfig: str, patience: Patience = _PATIENCE, ledger: Ledger | None = None) -> None:
        self._client: Final = Client(kubeconfig)
        self._patience: Final = patience
        self._ledger: Final = ledger or Ledger()

    def refuse(self, kind: Kind, manifest: Manifest, *, exists: bool = False) -> None:
        """A dry run of server-side apply. What may come into being meanwhile, its namespace or its kind, may lack."""
        identity = identity_of(manifest)
        forced = not exists or created_by_us(self._managed(kind, identity)[0])
        answer = self._apply(kind, identity, manifest, dryRun="All", force=str(forced).lower())
        if not exists and answer.code == 422 and _IMMUTABLE in answer.message:  # a replacement; its name is taken yet
            renamed = _renamed(manifest)
            answer = self._apply(kind, identity_of(renamed), renamed, dryRun="All", force="true")
        if answer.refused and (exists or answer.missing not in ("", "namespaces")):
            raise RefusalError(_words(kind, manifest, answer))

    def create(self, kind: Kind, manifest: Manifest, urn: str, *, upsert: bool = False) -> Manifest:
        """A plain POST, which an object that exists makes fail; with `upsert` a server-side apply."""
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
        """The object as it is now."""
        found = self._get(kind, identity)
        return None if found is None else _visible(found)

    def apply(self, kind: Kind, identity: str, manifest: Manifest) -> Manifest:
        """Server-side apply, of all fields that we or kubectl have set before."""
        self._take_over(kind, identity)
        answer = self._apply(kind, identity, manifest, force="false")
        if answer.refused:
            raise RefusalError(_words(kind, manifest, answer))
        return self._awaited(kind, identity, dict(answer.body))

    def delete(self, kind: Kind, identity: str) -> None:
        """DELETE, and wait until the garbage collector is done with it and with what belongs to it."""
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
        """Make ours what gives way; anew if the object is changed meanwhile. Raises RefusalError if it is gone."""
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
        """The managers of its fields, at which version."""
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
        """The object once it is live."""
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
        """Why an Ingress has no address, as far as the API tells."""
        chosen = str((ingress.get("spec") or {}).get("ingressClassName"))
        path = f"/apis/networking.k8s.io/v1/ingressclasses/{quote(chosen, safe='')}"
        if self._client.send("GET", path).code == 404:
            return f"no controller serves the class {chosen}"
        return f"the controller of the class {chosen} has written none in {self._patience.address:.0f} s"

    def _looks(self, kind: Kind, identity: str, seconds: float) -> Iterator[Manifest | None]:
        """The object, again and again; ends when the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            yield self._get(kind, identity)
            if time.monotonic() > deadline:
                return
            time.sleep(self._patience.pause)


def _path(kind: Kind, identity: str) -> str:
    """Where the object is."""
    namespace, _, name = identity.rpartition("/")
    group = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
    place = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced else ""
    return f"{group}{place}/{kind.plural}/{quote(name, safe='')}"


def _renamed(manifest: Manifest) -> Manifest:
    """The same with a name that is free."""
    name = f"{manifest['metadata']['name'][:_LONGEST_NAME]}{secrets.token_hex(3)[:5]}"
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def _visible(live: Manifest) -> Manifest:
    """Without who manages what, which changes with every look at it."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def _words(kind: Kind, manifest: Manifest, answer: Answer) -> str:
    """What the API server says against a manifest, with the client's own words; never a Secret's value."""
    if answer.missing == "":
        return f'no matches for kind "{kind.kind}" in version "{kind.api_version}"'
    if kind.kind == "Secret" and any(value in answer.message for value in _values(manifest)):
        return f"{answer.reason}: the API server's words are not shown, as they hold a value of the Secret"
    if answer.reason == "Conflict":
        return (
            f"Server-Side Apply field conflict detected. See {_HELP} for troubleshooting help.\n"
            f'The resource managed by field manager "{MANAGER}" had an apply conflict: {answer.message}'
        )
    return answer.message


def _values(manifest: Manifest) -> Iterator[str]:
    """A Secret's values, whole and by the line, in both their spellings."""
    encoded = list(_leaves(manifest.get("data")))
    texts = [*encoded, *_leaves(manifest.get("stringData"))]
    for value in encoded:
        with suppress(ValueError):
            texts.append(base64.b64decode(value).decode())
    yield from filter(None, texts)
    yield from (line for text in texts for line in text.splitlines() if len(line) >= _TELLING)


def _leaves(value: Any) -> Iterator[str]:
    """What is in it, at any depth: a manifest that is refused may hold anything."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)
