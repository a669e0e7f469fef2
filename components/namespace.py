"""The namespace of the routes and of their Services."""

import pulumi
from pulumi_kubernetes import Provider

from components.manifests import manifest, register


def create_namespace(
    name: str, namespace: str, *, provider: Provider, teardown: bool, parent: pulumi.Resource
) -> pulumi.Resource:
    """Create the namespace. A deletion would delete every workload in it, so even `pulumi destroy` keeps it.

    Args:
        name: The resource's name.
        namespace: The name in the cluster.
        provider: Takes over a namespace that exists already.
        teardown: Whether the stack may be destroyed.
        parent: The component that the namespace belongs to.
    """
    return register(
        name,
        manifest("v1", "Namespace", None, namespace),
        pulumi.ResourceOptions(parent=parent, provider=provider, protect=not teardown, retain_on_delete=True),
    )
