"""Find everything that the program registers, and collect the entries of the import file and all problems."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from components.recovery import COMMAND
from ops.http import ApiError
from ops.recovery import document as documents
from ops.recovery import kubernetes
from ops.recovery.cloudflare import PULLS_CERTIFICATE, CloudflareObjects
from ops.recovery.found import DependsOnMissingError, Found, NotFoundError
from ops.recovery.hetzner import HetznerObjects
from ops.recovery.kubernetes import KubernetesObjects
from ops.recovery.program import Answer, Registration
from ops.recovery.provider_schemas import complete
from ops.recovery.values import Properties, is_known, plain

_LOST: Final = "(not known: the state was lost)"
"""In place of a command that has to run again, where the next preview shows it as the old value, and of a request."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of the import file: a resource and the object that it is, None for a component or a provider."""

    registration: Registration
    found: Found | None


@dataclass(kw_only=True)
class Recovery:
    """The search of one run of the program.

    Attributes:
        entries: What was found, in the order of registration.
        problems: Objects that are missing or belong to something else, one sentence each.
        again: The commands that the next update runs again, because their inputs are not those that last ran.
        failure: The error of an API that ended the search.
    """

    document: documents.Document
    hetzner: HetznerObjects
    cloudflare: CloudflareObjects
    kubernetes: KubernetesObjects
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    failure: ApiError | None = None
    _wanted: documents.Document | None = None

    def resource(self, registration: Registration) -> Answer:
        """Find the object of a resource, and return what the program learns of it. Collect a problem otherwise."""
        if self.failure is not None:
            return Answer()
        try:
            found = self._find(registration)
        except ApiError as error:
            self.failure = error
            return Answer()
        except NotFoundError as error:
            self.problems.append(str(error))
            return Answer()
        except DependsOnMissingError:
            return Answer()
        self.entries.append(Entry(registration=registration, found=found))
        if found is None:
            return Answer(id=str(uuid.UUID(int=0)) if registration.custom else "", outputs=registration.inputs)
        return Answer(id=found.known_id or found.id, outputs=found.outputs)

    def function(self, token: str, arguments: Any) -> dict[str, Any]:
        """Answer a function that the program calls.

        Raises:
            ApiError: If an API refuses or cannot be reached; `failure` has it, too.
        """
        if token == "pulumi:pulumi:readStackResourceOutputs":  # noqa: S105 - the token of a function
            return {"name": arguments["stackName"], "outputs": {}}
        try:
            return self.cloudflare.look_up(token.rpartition(":")[2], arguments)
        except ApiError as error:
            self.failure = error
            raise

    def compare(self) -> None:
        """Compare the resources that exist only in the state with those that the program wants, after it has ended.

        A key or a certificate that differs is a problem: the program is not the one that was last deployed. A command
        that differs has to run again.
        """
        if self._wanted is None:  # an object is missing, so the program does not know all inputs
            return
        for index, entry in enumerate(self.entries):
            registration = entry.registration
            if entry.found is None or not documents.is_kept(registration):
                continue
            key = documents.key(registration)
            if self._wanted.resources[key].inputs == self.document.resources[key].inputs:
                continue
            if registration.type == COMMAND:
                self.again.append(registration.name)
                self.entries[index] = Entry(registration=registration, found=_to_run_again(entry.found))
            else:
                self.problems.append(
                    f"{registration.name} ({registration.type}): the program wants it with other inputs than those of "
                    "the last deployment; check out the commit and the stack file of the last update that succeeded"
                )

    def _find(self, registration: Registration) -> Found | None:
        """Return the object of a resource, None for a component and for a provider."""
        match registration.type:
            case _ if not registration.custom:
                found = None
            case kubernetes.PROVIDER:
                self.kubernetes.provide(registration)
                found = None
            case kind if kind in self.hetzner.types:
                found = self.hetzner.find(registration)
            case kind if kind in self.cloudflare.types:
                found = self.cloudflare.find(registration)
            case kind if kind.startswith(kubernetes.PREFIX):
                found = self.kubernetes.find(registration)
            case _ if documents.is_kept(registration):
                found = self._kept(registration)
            case "command:remote:Command":
                found = self._writes_the_document(registration)
            case "tls:index/certRequest:CertRequest":
                found = _request(registration)
            case "pulumi:index:Stash":
                found = _stash(registration)
            case kind:
                raise NotFoundError(f"{registration.name}: `ops import` cannot find resources of type {kind}")
        return found

    def _kept(self, registration: Registration) -> Found:
        kept = self.document.resources.get(documents.key(registration))
        if kept is None:
            raise NotFoundError(f"the recovery document has no {registration.name} ({registration.type})")
        outputs = dict(kept.outputs)
        if registration.type == PULLS_CERTIFICATE:
            outputs |= self.cloudflare.presented(registration, kept)
        if registration.type == COMMAND:
            outputs = {"stdout": "", "stderr": "", **outputs}
        state = complete(registration, outputs)
        return Found(id=kept.id, outputs=state, inputs=dict(registration.inputs), state=state)

    def _writes_the_document(self, registration: Registration) -> Found:
        """Return the command that keeps the document on a server, and note the document that the program wants."""
        text = plain(registration.inputs).get("stdin", "")
        found = Found(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, registration.urn)),
            outputs={},
            inputs=dict(registration.inputs),
            state=complete(registration, {"stdout": "", "stderr": ""}),
        )
        if not is_known(text):
            return found
        self._wanted = documents.parse(str(text))
        if self._wanted == self.document:
            return found
        self.again.append(registration.name)
        return _to_run_again(found)


def _to_run_again(found: Found) -> Found:
    """Return a command with another `create` in the state, so that the next update runs it in place."""
    changed: Properties = {"create": _LOST}
    return Found(
        id=found.id,
        outputs=found.outputs,
        inputs={**(found.inputs or {}), **changed},
        state={**(found.state or {}), **changed},
    )


def _request(registration: Registration) -> Found:
    """Return a request that Cloudflare has signed. It is not used again: other hosts or another key need a new one."""
    state = complete(registration, {"certRequestPem": _LOST, "keyAlgorithm": "ECDSA"})
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, registration.urn))
    return Found(id=identity, outputs=state, inputs=dict(registration.inputs), state=state)


def _stash(registration: Registration) -> Found:
    """Return a value that only the state has. Source: the engine's builtin provider, which generates the id."""
    state = {**registration.inputs, "output": registration.inputs.get("input")}
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, registration.urn))
    return Found(id=identity, outputs=state, inputs=dict(registration.inputs), state=state)
