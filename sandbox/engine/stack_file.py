"""A stack file as the sandbox runs it: read where it stands, copied into the sandbox's own folder, never changed."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.engine import secrets
from sandbox.engine.environment import write_private
from sandbox.engine.errors import SandboxError, broken
from sandbox.engine.layout import ROOT, Layout
from sandbox.nodes.fabric import LAPTOP_RANGES

OPERATORS_KEY: Final = "honeydue:operators"
_FILE: Final = re.compile(r"Pulumi\.(.+)\.ya?ml")
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """What a stack file says, and which secrets the sandbox is to make for it."""

    path: Path
    stack: str
    config: dict[str, Any]
    generate: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, *, stack: str | None = None, generate_secrets: bool = False) -> "StackFile":
        """Reads Pulumi.NAME.yaml; the stack is NAME unless given. Raises SandboxError naming what can't be used.

        Secrets to make are those of the file's `sandbox:secrets`; with `generate_secrets` also each required one that
        the file lacks, or holds encrypted for somebody else.
        """
        try:
            content = yaml.safe_load(path.read_text())
        except OSError as error:
            raise SandboxError(f"{path}: {error.strerror}") from error
        except (yaml.YAMLError, ValueError) as error:  # the second: no text, or no such day or number
            raise SandboxError(f"{path} is not YAML: {error}") from error
        except RecursionError as error:
            raise SandboxError(f"{path} is nested too deeply") from error
        config = content.get("config") if isinstance(content, dict) else None
        if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
            raise SandboxError(f"{path} has no `config:` with one key per setting")
        wanted = config.pop("sandbox:secrets", [])
        if unknown := [key for key in config if key.startswith("sandbox:")]:
            raise SandboxError(f"{path}: unknown {', '.join(unknown)}; the sandbox knows sandbox:secrets only")
        if not isinstance(wanted, list) or (foreign := [key for key in wanted if key not in secrets.known()]):
            told = f"{', '.join(map(str, foreign))}" if isinstance(wanted, list) else repr(wanted)
            raise SandboxError(f"{path}: sandbox:secrets: {told}; it is a list of {', '.join(secrets.known())}")
        if generate_secrets:
            config = {
                key: value for key, value in config.items() if key not in secrets.known() or not _encrypted(value)
            }
            wanted = secrets.known()
        if sealed := [key for key, value in config.items() if _encrypted(value)]:
            raise SandboxError(
                f"{path}: {', '.join(sealed)} is encrypted for its owner, so the sandbox can't read it; "
                "--generate-secrets takes made-up ones instead"
            )
        matched = _FILE.fullmatch(path.name)
        name = stack if stack is not None else matched[1] if matched else "sandbox"
        if not _NAME.fullmatch(name):
            raise SandboxError(f"{name!r} is no stack's name: letters, digits, - and _ are, and . but not first")
        return cls(
            path=path,
            stack=name,
            config=config,
            generate=tuple(key for key in wanted if key not in config),
        )

    @property
    def lacking(self) -> tuple[str, ...]:
        """Secrets that the program requires, and that nobody gives or makes."""
        return tuple(key for key in secrets.known() if key not in self.config and key not in self.generate)

    @property
    def lacks_operators(self) -> bool:
        """Whether it does not yet say who may use SSH and the Kubernetes API."""
        given: object = self.config.get(OPERATORS_KEY, [])
        return given == []

    @property
    def operators(self) -> Any:
        """The operators' ranges as the file gives them, right or wrong; the laptop's if it lists none."""
        return list(LAPTOP_RANGES) if self.lacks_operators else self.config[OPERATORS_KEY]

    @property
    def zone(self) -> str:
        """The one zone that the sandbox's Cloudflare account has; empty if the file names none."""
        return str(self.config.get("honeydue:zone") or "")

    @property
    def open_hosts(self) -> list[str]:
        """Those of the routes' hosts that answer whoever asks: neither a password nor a certificate is wanted there."""
        return [
            str(host)
            for route in self.config.get("honeydue:routes") or []
            if "admin-auth" not in (route.get("middlewares") or []) and not route.get("clientCertificates")
            for host in route["hosts"]
        ]

    @property
    def teardown(self) -> bool:
        """Whether the file lifts all protection."""
        return self.config.get("honeydue:teardown") is True

    def lay_out(self, layout: Layout, instead: Mapping[str, Any] | None = None) -> tuple[Path, dict[str, str]]:
        """Copies project and stack file into the stack's work folder; gives it, and the secrets still to be set.

        What `instead` holds takes the place of the file's own settings. Secrets that the engine encrypted in an earlier
        run are taken over, with the salt that belongs to them.
        """
        folder = layout.stacks / self.stack
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(ROOT / "Pulumi.yaml", folder / "Pulumi.yaml")
        target = folder / f"Pulumi.{self.stack}.yaml"
        before = _earlier(target)
        generated = secrets.generate(layout, self.stack, self.generate)
        missing = dict(generated.values)
        config = {**self.config, **(instead or {})}
        for key, value in before.get("config", {}).items():
            if key in missing and key not in generated.fresh and _encrypted(value):
                config[key] = value
                del missing[key]
        salt = {"encryptionsalt": before["encryptionsalt"]} if "encryptionsalt" in before else {}
        write_private(target, yaml.safe_dump({**salt, "config": config}, sort_keys=True, allow_unicode=True))
        return folder, missing


def _earlier(file: Path) -> dict[str, Any]:
    """What an earlier run, and the engine in it, left there."""
    if not file.exists():
        return {}
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise broken(file, error) from error
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise broken(file, "it has no `config:`")
    return found


def _encrypted(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
