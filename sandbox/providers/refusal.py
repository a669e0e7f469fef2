"""What a stand-in says no with."""


class RefusalError(Exception):
    """The cloud, or the plugin before it, refuses; the text is what the engine shows."""
