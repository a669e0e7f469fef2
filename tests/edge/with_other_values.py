"""`up` with a value that no chart of Traefik knows: python with_other_values.py HOME STACK_FILE, on the laptop."""

import sys
from pathlib import Path

from sandbox.engine.errors import SandboxError
from sandbox.engine.find import find
from sandbox.engine.layout import Layout
from sandbox.engine.session import Sandbox
from sandbox.engine.stack_file import StackFile
from sandbox.engine.voice import Plain

PROGRAM = """
import runpy
import components.traefik as traefik
own = traefik.chart_values
traefik.chart_values = lambda *given: {**own(*given), "hostNetwerk": True}
try:
    runpy.run_path(%r, run_name="__main__")
finally:
    traefik.chart_values = own
"""

home, file = map(Path, sys.argv[1:])
main = home / "with_other_values.py"
main.write_text(PROGRAM % str(Path(__file__).parents[2] / "__main__.py"))
sandbox = Sandbox(
    engine=find(Layout().tools, Plain()),
    file=StackFile.read(file, generate_secrets=True),
    layout=Layout(home=home),
    real_servers=True,
    main=main,
    policies=(),  # they refuse an unknown value in the preview
)
try:
    sandbox.up()
except SandboxError as error:
    sys.exit(str(error))
