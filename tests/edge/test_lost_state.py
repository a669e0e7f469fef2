"""The state of a stack with real servers is deleted, and written anew by the commands of docs/operations.md."""

import shlex
import sys
from pathlib import Path

from components.host.recovery import DOCUMENT
from tests.edge.conftest import NODES, Stack
from tests.lost_state import DOCUMENT as COPY
from tests.lost_state import commands

STACK = "sandbox"


def test_the_documented_commands_restore_a_deleted_state_and_change_nothing(stack: Stack) -> None:
    before = {node: (stack.record(node).id, stack.addresses(node)) for node in NODES}
    objects = stack.kubectl("get", "ingress,secret,middlewares.traefik.io", "-A", "-o", "name")
    assert stack.run("node2", "stat", "-c", "%a %U", f"/{DOCUMENT}").strip() == "600 root"
    folder = stack.box.layout.stacks / STACK
    copy = folder / COPY
    copy.touch(mode=0o600)
    copy.write_text(stack.run("node2", "cat", f"/{DOCUMENT}"))

    state = stack.box.layout.state_file(STACK)
    lose = f"rm -f {shlex.quote(str(state))}*"
    steps = [command.replace("python ", f"{sys.executable} ", 1) for command in commands(STACK)]
    done = stack.box.command("run", "--in-stack", "--", "sh", "-exc", "\n".join([lose, *steps]))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert not copy.exists()
    assert not Path(folder, "import.json").exists()

    assert {node: (stack.record(node).id, stack.addresses(node)) for node in NODES} == before
    assert stack.kubectl("get", "ingress,secret,middlewares.traefik.io", "-A", "-o", "name") == objects
    changed = stack.up({"honeydue:rateLimit": {"average": 30, "burst": 40}})
    assert "routes-middlewares-rate-limit" in changed, "an update after the recovery changes objects in the cluster"
    stack.up()
    assert stack.browse("api.sandbox.test")[0].status == 200
