"""Traefik's chart itself, rendered by the real Helm, where the sandbox was given one."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from .site import CHARTS, PROGRAMS
from .values import K3S_VALUES

_VERSION = "1.34.4"
"""Of Kubernetes, which `helm template` can't ask."""


class HelmError(Exception):
    """What Helm says."""


def chart() -> Path | None:
    """The chart, if there is one."""
    file = CHARTS / "traefik.tgz"
    return file if file.exists() else None


def render(chart: Path, values: dict[str, Any], *, helm: Path = PROGRAMS / "helm") -> list[dict[str, Any]]:
    """The objects of the release `traefik`, with k3s' values under ours, as k3s' Helm controller merges them.

    Raises:
        HelmError: with Helm's own words.
    """
    with tempfile.TemporaryDirectory() as home:
        files = []
        for name, content in (("k3s", K3S_VALUES), ("ours", values)):
            file = Path(home) / f"{name}.json"  # which is YAML too
            file.write_text(json.dumps(content))
            files += ["--values", str(file)]
        options = ["--namespace", "kube-system", "--kube-version", _VERSION, "--skip-crds"]
        done = subprocess.run(
            [str(helm), "template", "traefik", str(chart), *options, *files],
            env={"HOME": home, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if done.returncode:
        raise HelmError(" ".join(done.stderr.split())[-800:])
    return [item for item in yaml.safe_load_all(done.stdout) if item]
