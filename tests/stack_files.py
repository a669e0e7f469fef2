"""The three stack files as tests use them: read as Pulumi would hand them over, with secrets made for the occasion."""

import json
import secrets
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
STACKS: Final = ("prod", "staging", "sandbox")
SECRET_KEYS: Final[tuple[str, ...]] = ("hcloud:token", "cloudflare:apiToken", "honeydue:adminUsers")

OPERATORS: Final = ("198.18.7.7/32", "2001:2:0:7::/64")
"""What is filled in for stack files that list no operators; from the space for benchmarks."""


def generated_secrets() -> dict[str, str]:
    """Secrets of the right shape, another set at each call."""
    return {
        "hcloud:token": secrets.token_hex(32),
        "cloudflare:apiToken": secrets.token_hex(20),
        "honeydue:adminUsers": f"admin:$2b$12${secrets.token_hex(27)[:53]}",
    }


def committed_config(stack: str) -> dict[str, Any]:
    """A stack file's values over Pulumi.yaml's defaults, as plain data."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    defaults = {f"honeydue:{key}": spec["default"] for key, spec in project["config"].items() if "default" in spec}
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {**defaults, **{key: value for key, value in values.items() if not key.startswith("sandbox:")}}


def stack_config(stack: str) -> dict[str, Any]:
    """The same, with OPERATORS filled in if the file lists none."""
    config = committed_config(stack)
    return {**config, "honeydue:operators": config["honeydue:operators"] or list(OPERATORS)}


def as_pulumi_hands_over(config: dict[str, Any]) -> dict[str, str]:
    """Strings as they are, all else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
