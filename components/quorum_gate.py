"""The gate that limits deletions: one server per update, and the network or the whole stack only with `teardown`.

`protect` is not enough. The engine compares only the old and the new protection, so one update could delete two servers
that are unprotected. It also checks the protection of a resource just before it deletes that resource, when others have
been deleted already. Hooks that run before each deletion, in previews too, refuse earlier.
"""

from collections.abc import Sequence

import pulumi

_SUFFIXES = {"command:remote:Command": "-membership", "hcloud:index/serverNetwork:ServerNetwork": "-private"}
_TEARDOWN = (
    "To delete the whole stack, set honeydue:teardown: true, run `pulumi up`, then `pulumi destroy --run-program`."
)


class QuorumGate:
    """Checks each deletion of an update.

    Args:
        servers: The names of the servers that the stack file lists.
        replacing: The server that this update replaces, if any.
        teardown: Whether everything may be deleted.
    """

    def __init__(self, *, servers: Sequence[str], replacing: str | None, teardown: bool) -> None:
        self._kept = set(servers) - {replacing}
        self._teardown = teardown
        self._leaving: set[str] = set()
        before = pulumi.ResourceHookOptions(on_dry_run=True)
        self._server = pulumi.ResourceHook("one-server-at-a-time", self._before_server, before)
        self._network = pulumi.ResourceHook("the-network-stays", self._before_network, before)
        self._everything = pulumi.ResourceHook("no-destroy-without-teardown", self._before_everything, before)

    @property
    def binding(self) -> pulumi.ResourceHookBinding:
        """The hooks of each server, its attachment and its membership."""
        return pulumi.ResourceHookBinding(before_delete=[self._server])

    @property
    def network_binding(self) -> pulumi.ResourceHookBinding:
        """The hooks of the private network and its subnet."""
        return pulumi.ResourceHookBinding(before_delete=[self._network])

    @staticmethod
    def membership(node: str) -> str:
        """Return the resource name of a node's membership."""
        return f"{node}-membership"

    @staticmethod
    def attachment(node: str) -> str:
        """Return the resource name of a node's attachment to the private network."""
        return f"{node}-private"

    def guard(self, everything: Sequence[pulumi.Resource]) -> None:
        """Register the resource that `pulumi destroy` deletes first, because it depends on all others.

        Its hook refuses, so that a destroy without `teardown` fails before anything else is deleted.
        """
        pulumi.Stash(
            "teardown-guard",
            input="pulumi destroy deletes this first, and fails here unless honeydue:teardown is true",
            opts=pulumi.ResourceOptions(
                depends_on=list(everything), hooks=pulumi.ResourceHookBinding(before_delete=[self._everything])
            ),
        )

    def _before_server(self, args: pulumi.ResourceHookArgs) -> None:
        if self._teardown:
            return
        node = args.name.removesuffix(_SUFFIXES.get(args.type, ""))
        if node in self._kept:
            listed = "honeydue:servers lists it and honeydue:replacing does not name it"
            raise RuntimeError(f"Refusing to delete {node}: {listed}. {_TEARDOWN}")
        others = self._leaving - {node}
        if others:
            first = ", ".join(sorted(others))
            raise RuntimeError(
                f"Refusing to delete {node}: this update already deletes {first}, and losing two control planes would "
                f"break etcd quorum. Replace or remove one server per update. {_TEARDOWN}"
            )
        self._leaving.add(node)

    def _before_network(self, args: pulumi.ResourceHookArgs) -> None:
        if not self._teardown:
            raise RuntimeError(
                f"Refusing to delete {args.name}: all servers would lose their private addresses, and etcd its peers. "
                f"{_TEARDOWN}"
            )

    def _before_everything(self, _args: pulumi.ResourceHookArgs) -> None:
        if not self._teardown:
            raise RuntimeError(f"Refusing to destroy this stack: nothing was deleted. {_TEARDOWN}")
