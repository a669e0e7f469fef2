"""The kinds that Traefik and k3s's Helm controller bring to a cluster, as their own modules define them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.voice import Voice
from sandbox.tools.binaries import TRAEFIK
from sandbox.tools.go import go, go_environment
from sandbox.tools.source import Source

HELM: Final = Source(
    folder=Path(__file__).resolve().parent / "helm-controller", origin="github.com/k3s-io/helm-controller"
)
"""Pins the Helm controller, of which no program is built."""

FILES: Final = {
    "traefik.io.yaml": (TRAEFIK, "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"),
    "helm.cattle.io_helmcharts.yaml": (HELM, "pkg/crds/yaml/generated/helm.cattle.io_helmcharts.yaml"),
    "helm.cattle.io_helmchartconfigs.yaml": (HELM, "pkg/crds/yaml/generated/helm.cattle.io_helmchartconfigs.yaml"),
}
"""Our name of each file, the module that holds it, and where in the module."""
PATIENCE: Final = 300
"""Seconds for one module's download."""


def definitions(tools: Path, voice: Voice) -> dict[str, str]:
    """The CustomResourceDefinitions as YAML texts, by file; the first call copies them to `tools`/crds.

    Raises SandboxError when a module is not to be had.
    """
    folder = tools / "crds"
    stamp = folder / "stamp"
    today = " ".join(source.fingerprint() for source in (TRAEFIK, HELM))
    complete = all((folder / name).exists() for name in FILES)
    if not (complete and stamp.exists() and stamp.read_text() == today):
        voice.say(f"copying the CRDs of Traefik {TRAEFIK.version} and helm-controller {HELM.version} to {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        roots = {source.name: _module(source) for source in (TRAEFIK, HELM)}
        for name, (source, place) in FILES.items():
            _write(folder / name, _read(roots[source.name] / place))
        _write(stamp, today)
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


def _module(source: Source) -> Path:
    """Where the module's files lie, downloaded if need be and checked against go.sum."""
    try:
        answer = subprocess.run(
            [go(), "mod", "download", "-json", source.origin],
            cwd=source.folder,
            env=go_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        told = json.loads(answer.stdout or "{}")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxError(f"Go: {source.origin}: {error}") from error
    if answer.returncode or "Dir" not in told:
        words = told.get("Error") or answer.stderr.strip() or "go mod download failed without a word"
        raise SandboxError(f"Go: {source.origin}: {words}")
    return Path(told["Dir"])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SandboxError(f"{file} can't be read: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    """Writes it whole or not at all, whoever else is writing the same."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
