"""Run one Pulumi program: `python program.py REQUEST RESPONSE`. Only the SDK is imported, from the program's own venv.

REQUEST is a file with a serialized RunRequest, RESPONSE the file for the RunResponse.
"""

import os
import runpy
import sys
from pathlib import Path

from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2


def main(request_file: str, response_file: str) -> None:
    """Run the program of the request in its folder, as the SDK's own server for inline programs does."""
    request = language_pb2.RunRequest.FromString(Path(request_file).read_bytes())
    os.chdir(request.pwd)
    program = Path(request.info.program_directory, request.info.entry_point)
    sys.path[0] = str(program if program.is_dir() else program.parent)

    def run() -> None:
        runpy.run_path(str(program), run_name="__main__")

    response = LanguageServer(run).Run(request, None)  # type: ignore[no-untyped-call]
    Path(response_file).write_bytes(response.SerializeToString())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
