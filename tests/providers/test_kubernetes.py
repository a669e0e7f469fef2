"""kubernetes' stand-in over a recorded cluster: who reaches it, what it refuses when, and what it replaces."""

import base64
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers import kubernetes
from sandbox.providers.k3s_cluster import new_cluster
from sandbox.providers.k3s_credentials import kubeconfig, new_authority
from sandbox.providers.kubernetes_api import UnreachableError
from sandbox.providers.refusal import RefusalError
from sandbox.providers.values import UNKNOWN
from sandbox.world import World
from tests.providers.plugin import Plugin, Standing, unchanged

NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
CONFIG = "kubernetes:helm.cattle.io/v1:HelmChartConfig"
MIDDLEWARE = "kubernetes:traefik.io/v1alpha1:Middleware"
ADDRESS = "198.51.100.1"
API = {
    token: token.removeprefix("kubernetes:").removeprefix("core/").rpartition(":")[::2]
    for token in (NAMESPACE, SECRET, INGRESS, CONFIG, MIDDLEWARE)
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world.sqlite")


@pytest.fixture
def access(world: World) -> str:
    """The kubeconfig of a cluster with one node."""
    server = world.put("server", "1", {"status": "running"}, name="node1")
    world.put("primary_ip", "2", {"type": "ipv4", "ipAddress": ADDRESS, "assigneeId": "1"})
    cluster = new_cluster(world, {})
    cluster.add("node1", server, {"role": "server"})
    return kubeconfig(cluster.item.data["_authority"]).replace("127.0.0.1", ADDRESS)


@pytest.fixture
def cluster(world: World, access: str) -> Plugin:
    found = kubernetes.provider(world)
    found.configuration = {"kubeconfig": access}
    return Plugin(found)


def manifest(token: str, name: str, namespace: str = "", **body: Any) -> dict[str, Any]:
    version, kind = API[token]
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def make(plugin: Plugin, token: str, name: str, namespace: str = "", **body: Any) -> Standing:
    return plugin.make(token, name, **manifest(token, name, namespace, **body))


def texts(**values: str) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def test_an_object_that_exists_is_refused(cluster: Plugin) -> None:
    make(cluster, NAMESPACE, "app")
    with pytest.raises(RefusalError, match='namespaces "app" already exists'):
        make(cluster, NAMESPACE, "app")


def test_a_namespace_must_be_there_at_up_but_not_at_preview(cluster: Plugin) -> None:
    with pytest.raises(RefusalError, match='namespaces "app" not found'):
        make(cluster, MIDDLEWARE, "headers", "app", spec={})  # `make` previews first


def test_a_field_that_no_schema_declares_is_refused_at_preview(cluster: Plugin) -> None:
    where = f"urn:pulumi:test::honeydue::{CONFIG}::traefik"
    inputs = manifest(CONFIG, "traefik", "kube-system", spec={"valueContent": "a: b"})
    with pytest.raises(RefusalError, match=r"\.spec\.valueContent: field not declared in schema"):
        cluster.stand_in.create(where, inputs, preview=True)


def test_without_a_cluster_a_preview_passes_and_an_update_fails(world: World) -> None:
    plugin = Plugin(kubernetes.provider(world))
    for unknown in ({}, {"kubeconfig": UNKNOWN}):
        plugin.stand_in.configuration = unknown
        with pytest.raises(UnreachableError, match="configured Kubernetes cluster is unreachable"):
            make(plugin, NAMESPACE, "app")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("another server", "connection refused"),
        ("another CA", "certificate signed by unknown authority"),
        ("no power", "connection refused"),
    ],
)
def test_who_can_not_reach_the_cluster_is_told_why(
    cluster: Plugin, world: World, access: str, change: str, says: str
) -> None:
    if change == "another server":
        cluster.stand_in.configuration = {"kubeconfig": access.replace(ADDRESS, "198.51.100.9")}
    if change == "another CA":
        cluster.stand_in.configuration = {"kubeconfig": kubeconfig(new_authority()).replace("127.0.0.1", ADDRESS)}
    if change == "no power":
        world.put("server", "1", {"status": "off"})
    with pytest.raises(UnreachableError, match=says):
        make(cluster, NAMESPACE, "app")


@pytest.mark.parametrize(("mutable", "replaces"), [(False, True), (True, False)])
def test_a_secrets_data_replace_it_unless_the_provider_says_otherwise(
    cluster: Plugin, access: str, mutable: bool, replaces: bool
) -> None:
    cluster.stand_in.configuration = {"kubeconfig": access, "enableSecretMutable": mutable}
    item = make(cluster, SECRET, "key", "default", type="Opaque", data=texts(key="one"))
    _, replacing, first = cluster.diff(item, data=texts(key="two"))
    assert bool(replacing) is replaces
    assert first is replaces, "one name, so the old one goes first"
    assert cluster.diff(item, type="kubernetes.io/tls")[1] == {"type"}


def test_string_data_become_data(cluster: Plugin) -> None:
    item = make(cluster, SECRET, "key", "default", stringData={"key": "text"})
    assert item.state["data"] == texts(key="text")
    assert unchanged(cluster.diff(item))


def test_another_name_replaces_and_other_fields_do_not(cluster: Plugin) -> None:
    item = make(cluster, MIDDLEWARE, "headers", "default", spec={"headers": {"frameDeny": True}})
    assert cluster.diff(item, metadata={"name": "other", "namespace": "default"})[1] == {"metadata"}
    assert cluster.diff(item, spec={"headers": {"frameDeny": False}})[:2] == ({"spec"}, set())


def test_what_is_not_applied_any_more_goes_and_what_others_set_stays(cluster: Plugin, world: World) -> None:
    item = make(cluster, MIDDLEWARE, "headers", "default", spec={"headers": {"frameDeny": True, "stsSeconds": 60}})
    [record] = world.objects("middleware")
    others = {**record.data, "metadata": {**record.data["metadata"], "labels": {"by": "others"}}}
    world.put(record.kind, record.id, others, place=record.place)
    cluster.update(item, spec={"headers": {"stsSeconds": 60}})
    assert item.state["spec"] == {"headers": {"stsSeconds": 60}}
    assert item.state["metadata"]["labels"] == {"by": "others"}


def test_a_namespace_takes_everything_in_it_along(cluster: Plugin) -> None:
    namespace = make(cluster, NAMESPACE, "app")
    inside = make(cluster, MIDDLEWARE, "headers", "app", spec={})
    cluster.delete(namespace)
    assert not cluster.refresh(inside)


def test_an_ingress_of_a_class_that_nobody_serves_never_becomes_ready(cluster: Plugin) -> None:
    with pytest.raises(RefusalError, match="no controller serves the class nobody"):
        make(cluster, INGRESS, "web", "default", spec={"ingressClassName": "nobody", "rules": []})


@pytest.mark.parametrize(
    ("old", "new", "replacing"),
    [
        ({"kubeconfig": "a"}, {"kubeconfig": UNKNOWN}, {"kubeconfig"}),
        ({"kubeconfig": "a", "clusterIdentifier": "x"}, {"kubeconfig": UNKNOWN, "clusterIdentifier": "x"}, set()),
        ({"kubeconfig": "a", "clusterIdentifier": "x"}, {"kubeconfig": "a", "clusterIdentifier": "y"},
         {"clusterIdentifier"}),
        ({"kubeconfig": "a"}, {"kubeconfig": "a", "clusterIdentifier": "x"}, set()),
    ],
)  # fmt: skip
def test_another_cluster_replaces_the_provider_unless_an_identifier_tells_which_it_is(
    cluster: Plugin, access: str, old: dict[str, str], new: dict[str, str], replacing: set[str]
) -> None:
    filled = [{**given, "kubeconfig": access} if given["kubeconfig"] == "a" else given for given in (old, new)]
    assert cluster.stand_in.configuration_difference(*filled).replacing == replacing
