"""A cluster as `k3s kubectl` shows it: prepared answers to the calls that a test expects, and a note of every call."""

import json
import sys
from pathlib import Path
from typing import Any

_KUBECTL = """#!{python}
import fnmatch, json, pathlib, sys
folder = pathlib.Path(__file__).parent
call = " ".join(sys.argv[1:]).removeprefix("kubectl ")
with (folder / "calls").open("a") as file:
    file.write(call + "\\n")
answers = json.loads((folder / "answers.json").read_text())
fitting = [answer for answer in answers if fnmatch.fnmatchcase(call, answer["pattern"])]
if not fitting:
    sys.exit("nobody expected: " + call)
answer = fitting[0]
if len(fitting) > 1 and answer["once"]:
    answers.remove(answer)
    (folder / "answers.json").write_text(json.dumps(answers))
print(answer["text"], end="", file=sys.stderr if answer["code"] else sys.stdout)
sys.exit(answer["code"])
"""


class FakeCluster:
    """The `k3s` that a program finds; what no answer was prepared for fails."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        self._answers: list[dict[str, Any]] = []
        tools.mkdir(parents=True, exist_ok=True)
        (tools / "k3s").write_text(_KUBECTL.replace("{python}", sys.executable))
        (tools / "k3s").chmod(0o755)

    def answer(self, pattern: str, given: Any = "", *, code: int = 0, once: bool = False) -> None:
        """Answer calls whose arguments fit a shell pattern, the first pattern that fits: an object goes as JSON.

        With `once`, the next answer for the same call takes over after the first time.
        """
        text = given if isinstance(given, str) else json.dumps(given)
        self._answers.append({"pattern": pattern, "text": text, "code": code, "once": once})
        (self.tools / "answers.json").write_text(json.dumps(self._answers))

    @property
    def calls(self) -> list[str]:
        """The arguments of every call, in order."""
        noted = self.tools / "calls"
        return noted.read_text().splitlines() if noted.exists() else []

    @property
    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if call.split()[0] not in ("get", "--version") and " get " not in call]


def node(name: str, *, ready: bool = True, server: bool = True, version: str = "v1.34.6+k3s1") -> dict[str, Any]:
    """A node as the API shows it."""
    conditions = [
        {"type": "MemoryPressure", "status": "False"},
        {"type": "Ready", "status": "True" if ready else "Unknown", "reason": "Kubelet", "message": "as it says"},
    ]
    return {
        "metadata": {"name": name, "labels": {"node-role.kubernetes.io/control-plane": "true"} if server else {}},
        "status": {"nodeInfo": {"kubeletVersion": version}, "conditions": conditions},
    }


def items(*objects: dict[str, Any]) -> dict[str, Any]:
    """A list as the API gives it."""
    return {"items": list(objects)}
