"""Serve the language host: `python -m sandbox.language ENGINE_ADDRESS`."""

from sandbox.language.host import serve

serve()
