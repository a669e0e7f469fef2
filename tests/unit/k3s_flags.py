"""The long names of k3s' server flags, which are the keys that its configuration file may have (k3s 1.3x)."""

from tests.stack_files import ROOT

SERVER_FLAGS = frozenset((ROOT / "sandbox/k3s/node/server-flags.txt").read_text().split())
