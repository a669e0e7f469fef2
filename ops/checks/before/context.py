"""What several groups of checks need to know about the stack, found once and only if a check asks for it."""

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from components.config import ConfigError, StackConfig
from components.problems import Problem
from ops.clouds import cloudflare, hetzner
from ops.engine import EngineError, Pulumi
from ops.stacks.files import StackFile, StackFileError, is_encrypted
from ops.stacks.loading import SECRETS, load, load_for_comparison

PATIENCE: Final = 60.0
"""Seconds that one command of the Pulumi CLI may take."""
CLOUDFLARE_PERMISSIONS: Final = "Zone: Read, DNS: Edit, SSL and Certificates: Edit, Zone Settings: Edit"
"""The permissions of the Cloudflare token, as the dashboard names them."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """An API token and where it comes from. The token is in no representation of this object."""

    secret: str
    source: str

    def __repr__(self) -> str:
        return f"Token({self.source})"


@dataclass(frozen=True)
class Context:
    """One stack, the folder of its file, and the address that the operator gave for this machine."""

    stack: str
    folder: Path
    address: IPv4Address | None = None
    _secrets: dict[str, str | EngineError] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def short_name(self) -> str:
        """The stack's name without organization and project, as in `Pulumi.NAME.yaml`."""
        return self.stack.rpartition("/")[2]

    @cached_property
    def file(self) -> StackFile | None:
        """The stack file, None if it cannot be read; `problems` then says why."""
        try:
            return StackFile.read(self.path)
        except StackFileError:
            return None

    @property
    def path(self) -> Path:
        """The path of the stack file."""
        return self.folder / f"Pulumi.{self.short_name}.yaml"

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of the stack file, except missing secrets."""
        if self.file is None:
            try:
                StackFile.read(self.path)
            except StackFileError as error:
                return (Problem(self.path.name, "", str(error).removeprefix(f"{self.path.name}: ")),)
            return ()
        try:
            load(self.short_name, self.file.values)
        except ConfigError as error:
            return tuple(error.problems)
        return ()

    @cached_property
    def settings(self) -> StackConfig | None:
        """The settings, None if the stack file has a problem other than an empty list of operators."""
        if self.file is None:
            return None
        try:
            return load_for_comparison(self.file)
        except (ConfigError, StackFileError):
            return None

    @property
    def pulumi(self) -> Pulumi:
        """The Pulumi CLI, for this stack."""
        return Pulumi(stack=self.stack, folder=self.folder, patience=PATIENCE)

    def stacks(self) -> list[str]:
        """Return the short names of the stacks in the backend.

        Raises:
            EngineError: If the CLI or its backend cannot be used. It is asked only once.
        """
        if isinstance(self._listed, EngineError):
            raise self._listed
        return self._listed

    @cached_property
    def _listed(self) -> list[str] | EngineError:
        try:
            return self._list()
        except EngineError as error:
            return error

    def _list(self) -> list[str]:
        text = Pulumi(folder=self.folder, patience=PATIENCE).run(["stack", "ls", "--json"]).stdout
        try:
            return [str(each["name"]).rpartition("/")[2] for each in json.loads(text)]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError("`pulumi stack ls --json` printed something else than a list of stacks") from error

    @cached_property
    def deployed(self) -> bool | None:
        """Whether the stack's state has resources; None if the state cannot be read."""
        try:
            if self.short_name not in self.stacks():
                return False
            state = self.pulumi.export()
        except EngineError:
            return None
        resources: list[dict[str, Any]] = (state.get("deployment") or {}).get("resources") or []
        return any(not str(each.get("type")).startswith("pulumi:") for each in resources)

    @cached_property
    def hetzner_token(self) -> Token | None:
        """The token for Hetzner's API, None if there is none.

        Raises:
            EngineError: If the stack's secrets cannot be read.
        """
        return self._token(hetzner.TOKEN_VARIABLE, "hcloud:token")

    @cached_property
    def cloudflare_token(self) -> Token | None:
        """The token for Cloudflare's API, None if there is none.

        Raises:
            EngineError: If the stack's secrets cannot be read.
        """
        return self._token(cloudflare.TOKEN_VARIABLE, "cloudflare:apiToken")

    def _token(self, variable: str, key: str) -> Token | None:
        if secret := os.environ.get(variable):
            return Token(secret=secret, source=f"the variable {variable}")
        if key not in self.encrypted or self.short_name not in self.stacks():
            return None
        return Token(secret=self.secret(key), source=f"{key} of the stack")

    @property
    def encrypted(self) -> list[str]:
        """The keys of the stack's secrets that the stack file has, encrypted."""
        values = self.file.values if self.file else {}
        return [key for key in SECRETS if is_encrypted(values.get(key))]

    def secret(self, key: str) -> str:
        """Return a secret of the stack in plain text.

        Raises:
            EngineError: If it cannot be decrypted. It is tried only once.
        """
        if key not in self._secrets:
            try:
                self._secrets[key] = self.pulumi.config(key)
            except EngineError as error:
                self._secrets[key] = error
        found = self._secrets[key]
        if isinstance(found, EngineError):
            raise found
        return found
