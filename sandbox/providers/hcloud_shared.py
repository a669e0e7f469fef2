"""What Hetzner's resources have in common: ids, unique names, labels; and the two that are little more than that."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import LABEL, Made, Plain, Problem, Resource, TakenError, auto_name, is_known

FIRST_ID: Final = 4_711_001
_PREFIX: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class HcloudResource(Resource):
    """Named, labelled, with a number as its id; the name is unique among its kind."""

    taken: ClassVar[str] = "name is already used (uniqueness_error)"

    def prepared(self, inputs: Plain, old: Plain, name: str, seed: bytes) -> Plain:
        """A name of its own where none is given."""
        return auto_name(inputs, old, name, seed) if "name" in self.known else inputs

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Labels are checked before the API is asked."""
        labels = inputs.get("labels")
        if not isinstance(labels, dict):
            return
        for key, value in labels.items():
            prefix, _, own = key.rpartition("/")
            if not LABEL.fullmatch(own) or (prefix and not _PREFIX.fullmatch(prefix)):
                yield "labels", f"label key '{key}' is not correctly formatted"
            if is_known(value) and str(value) and not LABEL.fullmatch(str(value)):
                yield "labels", f"label value '{value}' (key: {key}) is not correctly formatted"

    def new_id(self) -> str:
        """The next number; Hetzner's ids are numbers, and no two objects of any kind share one here."""
        return str(self.world.next_number("hcloud", FIRST_ID))

    def put_named(self, inputs: Plain, outputs: Plain, urn: str, *, identity: str | None = None) -> Made:
        """Make an object with these outputs over the inputs. Raises RefusalError if the name is taken."""
        identity = identity or self.new_id()
        name = str(inputs["name"])
        try:
            data = {**self.defaults, **self.shown(inputs), **outputs}
            return self.put_new(identity, data, urn, name=name, scope=name)
        except TakenError as error:
            raise RefusalError(self.taken) from error

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Change what is given; a new name must be free."""
        found = self.standing(identity)
        data = {**found.data, **self.changed(state, inputs)}
        name = str(data.get("name") or found.name)
        try:
            item = self.world.put(self.kind, identity, data, name=name, scope=name if "name" in self.known else None)
        except TakenError as error:
            raise RefusalError(self.taken) from error
        return self.visible(item)

    def forbid_protected(self, identity: str) -> None:
        """Raises RefusalError where delete protection is on."""
        found = self.world.get(self.kind, identity)
        if found is not None and found.data.get("deleteProtection"):
            raise RefusalError(f"{self.kind.replace('_', ' ')} deletion is protected (protected)")


def canonical(labels: Any) -> Any:
    """Labels with text values."""
    return {key: str(value) for key, value in labels.items()} if isinstance(labels, dict) else labels


class SshKey(HcloudResource):
    """A public key; servers are made with it."""

    token = "hcloud:index/sshKey:SshKey"  # noqa: S105 - a type
    kind = "ssh_key"
    replaces = frozenset({"publicKey"})
    computed = frozenset({"name"})
    outputs = frozenset({"fingerprint"})

    def create(self, inputs: Plain, urn: str) -> Made:
        """The key must be one, and new."""
        fingerprint = _fingerprint(str(inputs["publicKey"]))
        if any(item.data["fingerprint"] == fingerprint for item in self.world.objects(self.kind)):
            raise RefusalError("SSH key with the same fingerprint already exists (uniqueness_error)")
        return self.put_named(inputs, {"fingerprint": fingerprint}, urn)


def _fingerprint(public_key: str) -> str:
    """MD5, as Hetzner shows it. Raises RefusalError if it is no public key."""
    words = public_key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error):
        blob = b""
    length = int.from_bytes(blob[:4], "big")
    if not blob or blob[4 : 4 + length].decode("ascii", "replace") != words[0]:
        raise RefusalError("SSH key is invalid (invalid_input): public_key")
    digest = hashlib.md5(blob).hexdigest()  # noqa: S324 - the format of a fingerprint
    return ":".join(digest[place : place + 2] for place in range(0, 32, 2))


class PlacementGroup(HcloudResource):
    """A group whose servers run on different machines."""

    token = "hcloud:index/placementGroup:PlacementGroup"  # noqa: S105 - a type
    kind = "placement_group"
    replaces = frozenset({"type"})
    computed = frozenset({"name"})
    outputs = frozenset({"servers"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """There is one type."""
        yield from super().problems(inputs)
        if is_known(inputs.get("type")) and inputs["type"] != "spread":
            yield "type", f'expected type to be one of ["spread"], got {inputs["type"]}'

    def create(self, inputs: Plain, urn: str) -> Made:
        """Empty at first."""
        return self.put_named(inputs, {"servers": []}, urn)

    def read(self, identity: str, state: Plain) -> Plain | None:
        """With the servers that are in it."""
        found = super().read(identity, state)
        return None if found is None else {**found, "servers": self._members(identity)}

    def delete(self, identity: str, state: Plain) -> None:
        """Only without members."""
        if self._members(identity):
            raise RefusalError("placement group still has servers in it (resource_in_use)")
        super().delete(identity, state)

    def _members(self, identity: str) -> list[int]:
        servers = self.world.objects("server")
        return [int(item.id) for item in servers if str(item.data.get("placementGroupId")) == identity]
