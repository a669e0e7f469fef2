"""Wait until cloud-init has finished the first boot of this server; fail with its own message if it failed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

PATIENCE = 900  # seconds


def wait() -> dict[str, str]:
    """Return the final state of cloud-init; any state but done is an error."""
    code, _ = _run("cloud-init", "status", "--wait")
    _, details = _run("cloud-init", "status", "--long")
    found = re.search(r"^status: (.+)$", details, re.MULTILINE)
    state, details = found[1] if found else "unknown", " ".join(details.split())[-1000:]
    if state != "done" or code not in (0, 2):
        raise RuntimeError(f"cloud-init ended in state {state}: {details}")
    if code == 2:
        return {"cloudInit": state, "warnings": details}
    return {"cloudInit": state}


def _run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    try:
        print(json.dumps({"wait": wait}[sys.argv[1]]()))
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        sys.exit(f"boot: {error}")
