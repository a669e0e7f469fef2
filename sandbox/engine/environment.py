"""What the engine sees of this machine: a home, a state and a passphrase of its own, and nobody's real account."""

import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sandbox.engine.errors import broken
from sandbox.engine.layout import Layout

_ACCOUNTS: Final = re.compile(
    r"(PULUMI|HCLOUD|CLOUDFLARE|CF|KUBE|KUBERNETES|HELM|AWS|AZURE|ARM|GOOGLE|GCLOUD|HONEYDUE_SANDBOX)(_.*)?|KUBECONFIG"
)


def without_accounts(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the operator's own accounts and settings: no sandbox can reach what they open."""
    return {name: value for name, value in environment.items() if not _ACCOUNTS.fullmatch(name)}


def engine_environment(layout: Layout) -> dict[str, str]:
    """The complete environment of the engine and of every plugin that it starts.

    `.venv`'s Python comes first on PATH, so that an engine with a language host of its own finds the policy pack's
    packages; plugins on PATH are ignored, since a real provider there would be taken before ours. The backend writes no
    metadata: it would put a second file beside each state, in place, and an engine killed while at it would leave a
    state that no other one opens ("failed to load checkpoint: EOF"). The state itself is renamed into place.
    """
    kept = without_accounts(os.environ)
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{layout.state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase(layout),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "HONEYDUE_SANDBOX_WORLD": str(layout.world),
    }


def passphrase(layout: Layout) -> str:
    """The passphrase of this sandbox's secrets, made once and readable by its owner only."""
    if not layout.passphrase.exists():
        write_private(layout.passphrase, secrets.token_urlsafe(32))
    try:
        return layout.passphrase.read_text()
    except ValueError as error:
        raise broken(layout.passphrase, "it is no text") from error


def write_private(file: Path, text: str) -> None:
    """Writes a file that only its owner can read, from the first byte on, and never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    part.replace(file)
