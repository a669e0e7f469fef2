"""The three stack files as tests use them: read as Pulumi would hand them over, with secrets made for the occasion."""

import json
import secrets
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
STACKS: Final = ("prod", "staging", "sandbox")
SECRET_KEYS: Final[tuple[str, ...]] = ("hcloud:token", "cloudflare:apiToken", "honeydue:adminUsers")


def generated_secrets() -> dict[str, str]:
    """Secrets of the right shape, another set at each call."""
    return {
        "hcloud:token": secrets.token_hex(32),
        "cloudflare:apiToken": secrets.token_hex(20),
        "honeydue:adminUsers": f"admin:$2b$12${secrets.token_hex(27)[:53]}",
    }


def stack_config(stack: str) -> dict[str, Any]:
    """A stack file's values over Pulumi.yaml's defaults, as plain data."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    defaults = {f"honeydue:{key}": spec["default"] for key, spec in project["config"].items() if "default" in spec}
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {**defaults, **{key: value for key, value in values.items() if not key.startswith("sandbox:")}}


def as_pulumi_hands_over(config: dict[str, Any]) -> dict[str, str]:
    """Strings as they are, all else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
