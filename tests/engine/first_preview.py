"""One preview of the program with its policy pack, by the Python that runs this: ROOT FOLDER STACK."""

import runpy
import sys
from pathlib import Path

from pulumi.automation import LocalWorkspace, Stack


def main(root: Path, folder: str, stack: str) -> None:
    """Preview the stack whose files lie in a folder; the engine's lines go to stdout."""

    def program() -> None:
        sys.path.insert(0, str(root))
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")

    workspace = LocalWorkspace(work_dir=folder, program=program)
    Stack.select(stack, workspace).preview(policy_packs=[str(root / "policy")], on_output=sys.stdout.write)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
