"""The random provider: really random, and kept until an input changes."""

import base64
import secrets
import string
from collections.abc import Iterable
from typing import ClassVar, Final

from sandbox.providers.base import StandIn
from sandbox.providers.bcrypt import bcrypt
from sandbox.providers.local import LocalResource
from sandbox.providers.resource import Made, Plain, Problem, is_known
from sandbox.world import World

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"


class RandomId(LocalResource):
    """Random bytes in four spellings."""

    token = "random:index/randomId:RandomId"  # noqa: S105 - a type
    replaces = frozenset({"byteLength", "keepers", "prefix"})
    outputs = frozenset({"b64Std", "b64Url", "dec", "hex"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """At least one byte."""
        if is_known(inputs["byteLength"]) and int(inputs["byteLength"]) < 1:
            yield "byteLength", f"Attribute byte_length value must be at least 1, got: {inputs['byteLength']}"

    def make(self, inputs: Plain) -> Made:
        """The prefix stands before each spelling, not in the id."""
        made = secrets.token_bytes(int(inputs["byteLength"]))
        prefix = str(inputs.get("prefix") or "")
        url = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        spellings = {
            "b64Std": prefix + base64.b64encode(made).decode(),
            "b64Url": prefix + url,
            "dec": prefix + str(int.from_bytes(made, "big")),
            "hex": prefix + made.hex(),
        }
        return Made(id=url, outputs=spellings)


class RandomPassword(LocalResource):
    """A password, secret, and a bcrypt hash of it at the lowest cost."""

    token = "random:index/randomPassword:RandomPassword"  # noqa: S105 - a type
    outputs = frozenset({"bcryptHash", "result"})
    secrets = frozenset({"bcryptHash", "result"})
    replaces = frozenset(
        [
            "keepers",
            "length",
            "lower",
            "minLower",
            "minNumeric",
            "minSpecial",
            "minUpper",
            "number",
            "numeric",
            "overrideSpecial",
            "special",
            "upper",
        ]
    )
    defaults: ClassVar = {
        **dict.fromkeys(("lower", "upper", "numeric", "number", "special"), True),
        **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0),
    }

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Long enough for all that must be in it."""
        wanted = [inputs.get(key, 0) for key in ("minLower", "minUpper", "minNumeric", "minSpecial")]
        if not all(map(is_known, [inputs["length"], *wanted])):
            return
        if int(inputs["length"]) < max(1, sum(map(int, wanted))):
            yield "length", f"Attribute length value must be at least {max(1, sum(map(int, wanted)))}"

    def make(self, inputs: Plain) -> Made:
        """Each kind of character at least as often as it must."""
        special = str(inputs.get("overrideSpecial") or _SPECIAL)
        kinds = {
            "Lower": (inputs["lower"], string.ascii_lowercase),
            "Upper": (inputs["upper"], string.ascii_uppercase),
            "Numeric": (inputs["numeric"] and inputs["number"], string.digits),
            "Special": (inputs["special"], special),
        }
        allowed = "".join(characters for use, characters in kinds.values() if use)
        letters = [
            secrets.choice(characters)
            for kind, (use, characters) in kinds.items()
            if use
            for _ in range(int(inputs[f"min{kind}"]))
        ]
        letters += [secrets.choice(allowed) for _ in range(int(inputs["length"]) - len(letters))]
        secrets.SystemRandom().shuffle(letters)
        password = "".join(letters)
        return Made(id="none", outputs={"result": password, "bcryptHash": bcrypt(password)})


class Random(StandIn):
    """pulumi-random."""

    name = "random"
    resources: ClassVar = (RandomId, RandomPassword)


def provider(world: World) -> Random:
    """The plugin."""
    return Random(world)
