"""One server at a time: the engine's own gate against losing the etcd majority in a single update.

`protect` does not suffice, because the engine looks at the old and the new protection only: two servers that were both
unprotected once can go in one update. A hook that runs before each deletion, in previews too, refuses the second.
"""

import pulumi

_SUFFIX = "-membership"


class QuorumGate:
    """Counts the nodes that an update wants to delete."""

    def __init__(self, *, teardown: bool) -> None:
        self._teardown = teardown
        self._leaving: set[str] = set()
        self.hook = pulumi.ResourceHook(
            "one-server-at-a-time", self._before_delete, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    @property
    def binding(self) -> pulumi.ResourceHookBinding:
        """Bind this to each server and to each membership."""
        return pulumi.ResourceHookBinding(before_delete=[self.hook])

    @staticmethod
    def membership(node: str) -> str:
        """The resource name of a node's membership."""
        return f"{node}{_SUFFIX}"

    def _before_delete(self, args: pulumi.ResourceHookArgs) -> None:
        if self._teardown:
            return
        node = args.name.removesuffix(_SUFFIX)
        others = self._leaving - {node}
        if others:
            first = ", ".join(sorted(others))
            raise RuntimeError(
                f"{node} is not let go: this update already takes {first}, and two at once would cost the cluster its "
                "majority. Name one server per update (honeydue:replacing); honeydue:teardown takes all down."
            )
        self._leaving.add(node)
