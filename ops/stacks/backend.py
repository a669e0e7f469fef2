"""Where a stack's state is kept and how its secrets are encrypted: the allowed URLs, and the commands that use them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from ops.stacks.loading import SECRETS

BACKENDS: Final = ("https", "s3", "gs", "azblob", "file")
PROVIDERS: Final = ("awskms", "azurekeyvault", "gcpkms", "hashivault")
PULUMI_CLOUD: Final = "https://api.pulumi.com"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A backend of the Pulumi CLI and a secrets provider.

    Attributes:
        url: Pulumi Cloud's API, a bucket or a folder.
        provider: `default` (Pulumi Cloud's own service), `passphrase`, or the URL of a key.
    """

    url: str
    provider: str

    @classmethod
    def of(cls, url: str, provider: str | None) -> "Backend":
        """Return a backend, unchecked, with its secrets provider.

        Args:
            url: The argument of `pulumi login`.
            provider: The secrets provider. The default is Pulumi Cloud's own service there, else a passphrase.
        """
        chosen = provider or "default"
        if chosen == "default" and not url.startswith("https:"):
            chosen = "passphrase"  # the CLI does the same
        return cls(url=url, provider=chosen)

    @property
    def problems(self) -> list[str]:
        """Every problem of the two."""
        return [*_url_problems(self.url), *_provider_problems(self.provider)]

    def next_commands(self, stack: str) -> list[str]:
        """Return the shell commands that take a new stack file to its first preview."""
        url = urlsplit(self.url)
        folder = [f"mkdir -p {_shell_path(url.netloc + url.path)}"] if url.scheme == "file" else []
        return [
            *folder,
            f"pulumi login {shlex.quote(self.url)}",
            f"pulumi stack init {stack} --secrets-provider={shlex.quote(self.provider)}",
            *(_set_secret(stack, key) for key in SECRETS),
            f"python -m ops check --pre --stack {stack}",
            f"pulumi preview --stack {stack} --policy-pack policy",
        ]


def _url_problems(url: str) -> list[str]:
    parts = urlsplit(url)
    place = parts.netloc + parts.path if parts.scheme == "file" else parts.netloc
    if re.search(r"[\s\x00-\x1f\x7f]", url) or parts.scheme not in BACKENDS or not place:
        allowed = f"{PULUMI_CLOUD}, s3://BUCKET, gs://BUCKET, azblob://CONTAINER or file://FOLDER"
        return [f"--backend {url!r}: not a backend; choose {allowed}"]
    if "@" in parts.netloc:
        return [f"--backend: a URL of {parts.scheme}:// must not contain a user or a password; use the environment"]
    return []


def _provider_problems(provider: str) -> list[str]:
    scheme, separator, rest = provider.partition("://")
    named = provider in ("default", "passphrase")
    if named or (scheme in PROVIDERS and separator and rest and not re.search(r"[\s\x00-\x1f\x7f]", rest)):
        return []
    allowed = ", ".join(f"{name}://..." for name in PROVIDERS)
    return [f"--secrets-provider {provider!r}: not a secrets provider; choose default, passphrase, {allowed}"]


def _set_secret(stack: str, key: str) -> str:
    """Return the command that sets a secret. `htpasswd` hashes the password; the other two are asked for."""
    command = f"pulumi config set --stack {stack} --secret {key}"
    return f"htpasswd -nB admin | {command}" if key.endswith("adminUsers") else command


def _shell_path(path: str) -> str:
    """Return a path for the shell, which replaces a leading `~`, as the CLI does in `file://~`."""
    first, *rest = PurePosixPath(path).parts
    return "/".join(["~", *(shlex.quote(part) for part in rest)]) if first == "~" else shlex.quote(path)
