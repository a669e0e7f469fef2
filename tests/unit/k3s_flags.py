"""The long names of k3s' server flags, which are the keys that its configuration file may have (k3s 1.3x)."""

from pathlib import Path

SERVER_FLAGS = frozenset((Path(__file__).parent / "k3s-flags.txt").read_text().split())
