"""One run of the program under a monitor that answers at once, for `bench` to time.

    python -m bench.program quick|plain STACK HOSTS

`plain` imports pulumi_cloudflare the plain way first. HOSTS > 0 replaces the stack file's routes by that many. Prints
JSON: the number of registrations, the CPU seconds of the run alone, and the clock at the last registration.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")


def main(imports: str, stack: str, hosts: int) -> None:
    """Run the program and print the figures."""
    if imports == "plain":
        import pulumi_cloudflare  # noqa: F401, PLC0415 - the import is what is measured

    from tests.program.recorder import record  # noqa: PLC0415 - after the import that is measured

    overrides = {"honeydue:routes": routes(hosts)} if hosts else {}
    began = time.process_time()
    recording = record(stack, overrides)
    figures = {
        "registrations": len(recording.registrations),
        "cpu": time.process_time() - began,
        "clock": time.time(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def routes(hosts: int) -> list[dict[str, object]]:
    """That many routes of one host each, the way that costs most."""
    return [
        {"name": f"route{number}", "hosts": [f"host{number}.myhoneydue.com"], "service": "api", "port": 8000}
        for number in range(hosts)
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
