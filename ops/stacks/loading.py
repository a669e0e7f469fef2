"""Load the config of a stack file as the program does, without an engine."""

import json
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any, Final

from pulumi.runtime import settings
from pulumi.runtime.config import set_all_config

from components.config import PROJECT, StackConfig
from ops.stacks.files import StackFile, StackFileError, encrypted_places, is_encrypted

SECRETS: Final[Mapping[str, str]] = {
    "hcloud:token": "0" * 64,
    "cloudflare:apiToken": "0" * 40,
    f"{PROJECT}:adminUsers": "nobody:{SHA}0",
}
"""The secrets of a stack. Each has a value of the right form, which replaces a missing or an encrypted one here."""
_OPERATORS: Final = f"{PROJECT}:operators"
_SOMEBODY: Final = ["198.18.0.1/32"]
"""A range for benchmarks (RFC 2544), which replaces an empty list of operators where that list does not matter."""


def load(stack: str, values: Mapping[str, Any]) -> StackConfig:
    """Load a config with the program's own loader. Encrypted secrets are assumed to have the right form.

    Args:
        stack: The stack's name.
        values: The config of its file, by full key.

    Raises:
        ConfigError: With every problem of the config.
    """
    config = {key: value for key, value in values.items() if not is_encrypted(value)}
    assumed = {key: value for key, value in SECRETS.items() if key not in config}
    texts = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in config.items()}
    return copy_context().run(_load, stack, {**texts, **assumed}, list(assumed))


def load_for_comparison(file: StackFile) -> StackConfig:
    """Load a stack file whose list of operators may be empty, as it is before somebody fills it in.

    Raises:
        ConfigError: With every other problem of the file.
        StackFileError: If a setting is encrypted, so that it cannot be compared.
    """
    for key, value in file.values.items():
        for place in encrypted_places(value, key):
            if key.startswith(f"{PROJECT}:") and key not in SECRETS:
                raise StackFileError(f"{file.path.name}: {place} is encrypted; only {', '.join(SECRETS)} are secrets")
    operators = {} if file.values.get(_OPERATORS) else {_OPERATORS: _SOMEBODY}
    return load(file.stack, {**file.values, **operators})


def _load(stack: str, texts: dict[str, str], secret: Sequence[str]) -> StackConfig:
    settings.configure(settings.Settings(project=PROJECT, stack=stack))
    set_all_config(texts, list(secret))
    return StackConfig.load()
