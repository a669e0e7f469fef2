"""One run of the program under a monitor that answers at once, for `bench` to time.

    python -m bench.program STACK HOSTS [--default-collector]

HOSTS > 0 replaces the stack file's routes by that many. Prints JSON: the number of registrations, and the CPU seconds
of the run alone.
"""

import gc
import json
import sys
import time

PYTHONS = gc.get_threshold()
"""Python's own thresholds."""

import components  # noqa: E402, F401 - sets the thresholds of the program, once
from tests.program.recorder import record  # noqa: E402 - after the lines above


def main(stack: str, hosts: int, *, default_collector: bool = False) -> None:
    """Run the program and print the figures."""
    if default_collector:
        gc.set_threshold(*PYTHONS)
    overrides = {"honeydue:routes": routes(hosts)} if hosts else {}
    began = time.process_time()
    recording = record(stack, overrides)
    figures = {
        "registrations": len(recording.registrations),
        "cpu": time.process_time() - began,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def routes(hosts: int) -> list[dict[str, object]]:
    """That many routes of one host each, the way that costs most."""
    return [
        {"name": f"route{number}", "hosts": [f"host{number}.myhoneydue.com"], "service": "api", "port": 8000}
        for number in range(hosts)
    ]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), default_collector="--default-collector" in sys.argv)
