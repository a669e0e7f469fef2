"""As much of UFW as its rule list is: what its commands do to it and how it prints it.

Its behaviour was read off UFW 0.36; `test_ufw_server.py` holds the real one against the same commands.
"""

import shlex

_ACTIONS = ("allow", "deny", "reject", "limit")


class SimulatedUfw:
    """A rule list, three defaults and a switch."""

    def __init__(self, added: str = "", *, active: bool = False) -> None:
        self.active = active
        self.defaults = {"incoming": "allow", "outgoing": "allow", "routed": "deny"}
        self.rules: list[tuple[tuple[str, ...], str]] = []
        for line in added.splitlines():
            self.run(shlex.split(line))

    def run(self, command: list[str]) -> None:
        """Do what a command says; refuses one that UFW does not know."""
        assert command[0] == "ufw", command
        words = command[1:]
        forced = words[0] == "--force"
        words = words[forced:]
        if words[0] in ("enable", "disable"):
            assert forced, "enabling asks whether SSH may be cut, and nobody answers"
            self.active = words[0] == "enable"
            return
        if words[0] == "default":
            self.defaults[words[2]] = words[1]
            return
        route = tuple(words[: words[0] == "route"])
        words = words[len(route) :]
        verb = words.pop(0) if words[0] in ("delete", "prepend") else ""
        comment = words[-1] if words[-2:-1] == ["comment"] else ""
        rule = (*route, *(words[:-2] if comment else words))
        assert words[0] in _ACTIONS, command
        if verb == "delete":
            self.rules = [entry for entry in self.rules if entry[0] != rule]
            return
        same = [index for index, entry in enumerate(self.rules) if _matching(entry[0]) == _matching(rule)]
        if not same:
            self.rules.insert(0 if verb else len(self.rules), (rule, comment))
        elif not verb:  # an insertion of what is there is skipped
            self.rules[same[0]] = (rule, comment)

    @property
    def added(self) -> str:
        """What `ufw show added` prints."""
        lines = [f"ufw {' '.join(rule)}" + (f" comment '{comment}'" if comment else "") for rule, comment in self.rules]
        return "\n".join(["Added user rules (see 'ufw status' for running firewall):", *(lines or ["(None)"])]) + "\n"

    @property
    def status(self) -> str:
        """What `ufw status verbose` prints, the listing left out."""
        if not self.active:
            return "Status: inactive\n"
        defaults = ", ".join(f"{verb} ({way})" for way, verb in self.defaults.items())
        return f"Status: active\nLogging: on (low)\nDefault: {defaults}\nNew profiles: skip\n"


def _matching(rule: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in rule if word not in (*_ACTIONS, "log", "log-all"))
