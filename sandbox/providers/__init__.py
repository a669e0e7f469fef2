"""Stand-ins for the clouds' providers: real plugins of the engine over the world of `sandbox/world.py`."""
