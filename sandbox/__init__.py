"""The clouds on this machine: the real engine and program over stand-ins for what they talk to."""
