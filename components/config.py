"""Read and validate the stack file. Only this module reads `pulumi.Config`.

`load()` reports every problem of the file at once, before any resource is registered. The models check single values
(`components/settings.py`); `components/consistency.py` checks values against each other.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from components.consistency import cross_checks
from components.deployed import Deployed
from components.live_changes import live_changes
from components.problems import Problem, shown
from components.settings import Model, Settings

PROJECT: Final = "honeydue"


class ConfigError(pulumi.RunError):
    """Every problem of a stack file. Pulumi prints the message without a traceback."""

    def __init__(self, stack: str, problems: list[Problem]) -> None:
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"Pulumi.{stack}.yaml has {len(problems)} {noun}; nothing was changed:\n{lines}")
        self.problems = problems


class StackConfig(Settings):
    """The settings of one stack, and its name."""

    stack: str

    @property
    def prefix(self) -> str:
        """The prefix of every name that must be unique in the Hetzner project; empty in production."""
        return "" if self.stack == "prod" else f"{self.stack}-"

    @classmethod
    def load(cls) -> "StackConfig":
        """Read the current stack's configuration.

        Raises:
            ConfigError: With every problem of the stack file: the key, the value and what is allowed.
        """
        stack = pulumi.get_stack()
        raw, problems = _read()
        try:
            config = cls.model_validate({**raw, "stack": stack})
        except ValidationError as error:
            problems += _problems_of(error)
        problems += cross_checks(raw, stack)
        problems += _secret_problems()
        if problems:
            raise ConfigError(stack, sorted(set(problems)))
        return config

    def refuse_live_changes(self, deployed: Deployed) -> None:
        """Compare the stack file with the last deployment.

        Raises:
            ConfigError: With every change that the running stack cannot follow.
        """
        problems = list(live_changes(self, deployed))
        if problems:
            raise ConfigError(self.stack, problems)


def admin_users() -> pulumi.Output[str]:
    """Return the basic-auth users of the admin route as a secret: htpasswd lines, one `name:hash` each."""
    return pulumi.Config(PROJECT).require_secret("adminUsers")


_SECRETS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "hcloud:token": (re.compile(r"[0-9A-Za-z]{64}"), "a Hetzner Cloud API token of exactly 64 letters and digits"),
    "cloudflare:apiToken": (re.compile(r"[0-9A-Za-z_-]{40,80}"), "a Cloudflare API token of 40 to 80 characters"),
    f"{PROJECT}:adminUsers": (
        re.compile(r"([^:\s]+:(\$2[aby]\$|\$apr1\$|\{SHA\})\S+\n?)+"),
        "a list of htpasswd lines, name:hash, with bcrypt, apr1 or SHA hashes",
    ),
}


def _read() -> tuple[dict[str, Any], list[Problem]]:
    """Return the project's own keys, decoded, without the secrets."""
    raw: dict[str, Any] = {}
    problems: list[Problem] = []
    known = Settings.keys()
    for full_key, text in {**get_config_env(), **CONFIG.get()}.items():
        namespace, _, key = full_key.partition(":")
        if namespace != PROJECT or full_key in _SECRETS:
            continue
        if key not in known:
            problems.append(Problem(full_key, "", f"this key is unknown; allowed: {', '.join(sorted(known))}"))
            continue
        if text != "":  # Pulumi.yaml declares a key without a default as empty
            raw[key] = _decoded(text)
    return raw, problems


def _decoded(text: str) -> Any:
    """Decode a value: Pulumi passes lists and objects as JSON, everything else as plain text."""
    try:
        return json.loads(text) if text[:1] in ("[", "{") else text
    except ValueError:  # plain text that begins like JSON
        return text


def _problems_of(error: ValidationError) -> Iterator[Problem]:
    for item in error.errors():
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"]).lstrip(".")
        match item["type"]:
            case "missing":
                yield Problem(f"{PROJECT}:{place}", "", "this key is missing and has no default")
            case "extra_forbidden":
                yield Problem(f"{PROJECT}:{place}", "", f"this key is unknown; allowed: {_known_beside(item['loc'])}")
            case _:
                allowed = item["msg"].removeprefix("Value error, ")
                yield Problem(f"{PROJECT}:{place}", shown(item["input"]), allowed)


def _known_beside(place: tuple[int | str, ...]) -> str:
    """Return the keys that are allowed beside an unknown one."""
    model: type[Model] = Settings
    for part in place[:-1]:
        model = model.keys().get(str(part)) or model  # an index selects an element of the list's own model
    return ", ".join(sorted(model.keys()))


def _secret_problems() -> Iterator[Problem]:
    """Check the format of the secrets, and never show their values."""
    for key, (pattern, meaning) in _SECRETS.items():
        namespace, _, name = key.partition(":")
        value = pulumi.Config(namespace).get(name)
        if not value:
            yield Problem(
                key, "", f"this secret is missing; it must be {meaning}. Set it with: pulumi config set --secret {key}"
            )
        elif not pulumi.runtime.is_config_secret(key):
            yield Problem(
                key, "", f"this secret is stored in plain text; encrypt it with: pulumi config set --secret {key}"
            )
        elif not pattern.fullmatch(value):
            yield Problem(key, "", f"this secret has the wrong format (value not shown); it must be {meaning}")
