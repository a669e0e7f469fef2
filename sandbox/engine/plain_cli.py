"""The environment in which the Pulumi CLI itself, started by anybody, works on the sandbox's clouds."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from sandbox.engine.environment import engine_environment
from sandbox.engine.find import Engine
from sandbox.engine.layout import Layout
from sandbox.engine.plugins import install_for_cli


def plain_cli(layout: Layout, engine: Engine, zones: Iterable[str]) -> dict[str, str]:
    """Prepare the sandbox's folders, and return the environment.

    Args:
        layout: The sandbox's folders.
        engine: A link to its executable, named `pulumi`, comes first on PATH.
        zones: The names of the zones in the Cloudflare account.
    """
    install_for_cli(layout)
    folder = layout.cli_home / "bin"
    for each in (folder, layout.state):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    link = folder / "pulumi"
    if not link.is_symlink() or link.readlink() != engine.path:
        link.unlink(missing_ok=True)
        link.symlink_to(engine.path)
    environment = engine_environment(layout)
    return {
        **environment,
        "PATH": os.pathsep.join([str(folder), environment["PATH"]]),
        "PULUMI_HOME": str(layout.cli_home),
        "HONEYDUE_SANDBOX_ZONES": ",".join(sorted(set(zones))),
    }


def zones_in(folder: Path) -> Iterator[str]:
    """Yield the zone of each stack file in a folder. A file that cannot be read has none."""
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            content = yaml.safe_load(file.read_text())
        except (OSError, ValueError, yaml.YAMLError):
            continue
        config = content.get("config") if isinstance(content, dict) else None
        zone = config.get("honeydue:zone") if isinstance(config, dict) else None
        if isinstance(zone, str) and zone:
            yield zone
