"""The CPU time of the policy pack for the recorded program, with the framework, for `bench` to time.

    python -m bench.policies HOSTS

HOSTS replaces the routes of the stack file of prod by that many. Prints JSON: the number of resources, and the CPU
seconds of all calls that the engine makes in one run.
"""

import json
import sys
import time

from bench.program import routes
from sandbox.engine.layout import ROOT
from tests.program.recorder import record

sys.path.insert(0, str(ROOT / "policy"))


def main(hosts: int) -> None:
    """Record the program, judge it, and print the figures."""
    from tests.policy.wire import Pack  # noqa: PLC0415 - it imports the pack by its own path
    from tests.program.test_policies import resources  # noqa: PLC0415

    recording = record("prod", {"honeydue:routes": routes(hosts)})
    registered, standing = resources(recording), resources(recording, standing=True)
    pack = Pack()
    began = time.process_time()
    found = [item for item in (*pack.register(*registered), *pack.finish(standing)) if item.level == "mandatory"]
    figures = {"resources": len(registered), "cpu": time.process_time() - began}
    if found:
        sys.exit(f"the policies refuse it: {found[0]}")
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
