"""A plugin: `python -m sandbox.providers NAME VERSION TABLE`. The engine starts it and asks the port on its stdout."""

import importlib
import importlib.util
import json
import os
import sys
from typing import Final

_MODULES: Final = {
    name: name if name != "random" else "random_"
    for name in ("hcloud", "cloudflare", "kubernetes", "command", "tls", "random")
}


def main(name: str, version: str, table: str) -> None:
    """Serve one provider until the engine is gone.

    Args:
        name: The provider.
        version: Of the SDK that it stands in for.
        table: A file with that SDK's inputs, see `inputs.py`.
    """
    world = os.environ.get("HONEYDUE_SANDBOX_WORLD")
    if not world:
        sys.exit("HONEYDUE_SANDBOX_WORLD is not set: it names the file of the world, see sandbox/world.py")
    # the protocol's own modules, without what importing the packages around them would run
    for package in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        spec = importlib.util.find_spec(package)
        if spec is not None:
            sys.modules[package] = importlib.util.module_from_spec(spec)
    inputs = importlib.import_module("sandbox.providers.inputs")
    with open(table) as file:  # noqa: PTH123 - pathlib is one more import
        inputs.take(name, json.load(file))
    serving = importlib.import_module("sandbox.providers.serving")
    module = importlib.import_module(f"sandbox.providers.{_MODULES[name]}")
    world_of = importlib.import_module("sandbox.world").World
    serving.serve(module.provider(world_of(world)), version)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in _MODULES:
        sys.exit(f"usage: python -m sandbox.providers {{{','.join(_MODULES)}}} VERSION TABLE [ENGINE_ADDRESS]")
    main(*sys.argv[1:4])
