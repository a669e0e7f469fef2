# ruff: noqa: INP001 - a script of its own, in no package
"""Check .github with actionlint, which checks scripts with shellcheck, and with zizmor."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sandbox.engine.errors import SandboxError  # noqa: E402 - the path is set first
from sandbox.engine.layout import Layout  # noqa: E402
from sandbox.engine.voice import voice  # noqa: E402
from sandbox.tools.binaries import ACTIONLINT, ensure  # noqa: E402


def main() -> int:
    """Return 0 if both accept the workflows, else 1. Without Go, actionlint is skipped, but not in CI."""
    tools = Path(sys.executable).parent
    try:
        actionlint = ensure(ACTIONLINT.binaries, Layout().tools, voice())["actionlint"]
    except SandboxError as error:
        sys.stderr.write(f"actionlint is {'missing' if os.environ.get('CI') else 'skipped'}: {error}\n")
        failed = bool(os.environ.get("CI"))
    else:
        failed = _fails([actionlint, "-shellcheck", tools / "shellcheck", "-pyflakes", ""])
    return int(_fails([tools / "zizmor", "--offline", "--pedantic", "--no-progress", "--quiet", ".github"]) or failed)


def _fails(command: list[str | Path]) -> bool:
    return bool(subprocess.run(command, cwd=ROOT, timeout=300, check=False).returncode)


if __name__ == "__main__":
    sys.exit(main())
