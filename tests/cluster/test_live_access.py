"""Who a real API server lets in, what its client says when it does not, and that no refusal gives a Secret away."""

import base64
import json

import pytest

from sandbox.providers.k3s_credentials import new_authority
from sandbox.providers.kubernetes import Kubernetes, LiveKubernetes, provider
from sandbox.providers.kubernetes_api import UnreachableError
from sandbox.providers.kubernetes_live import LiveApi
from sandbox.providers.refusal import RefusalError
from sandbox.world import World
from tests.cluster.api_server import ApiServer
from tests.cluster.objects import KIND

SAID = "configured Kubernetes cluster is unreachable: unable to load schema information"
CLOSED = "https://127.0.0.1:1"


def said_by(kubeconfig: str) -> str:
    with pytest.raises(UnreachableError) as caught:
        LiveApi(kubeconfig).create(KIND["Namespace"], {"metadata": {"name": "it"}}, "")
    return str(caught.value)


def test_an_administrators_certificate_opens(server: ApiServer) -> None:
    assert LiveApi(server.kubeconfig).get(KIND["Namespace"], "kube-system")


def test_a_server_of_another_authority_is_not_trusted(server: ApiServer) -> None:
    said = said_by(server.kubeconfig_with(ca=new_authority()["ca"]))
    why = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    assert said == f'{SAID}: Get "{server.address}": {why}'


def test_a_server_of_another_name_is_not_trusted(server: ApiServer) -> None:
    nickname = server.address.replace("127.0.0.1", "127.1")  # leads there, but its certificate does not say so
    said = said_by(server.kubeconfig_with(server=nickname))
    assert f'Get "{nickname}": tls: failed to verify certificate: x509: Hostname mismatch' in said


def test_a_user_of_another_authority_is_not_let_in(server: ApiServer) -> None:
    stranger = new_authority()
    config = server.kubeconfig_with(certificate=stranger["certificate"], key=stranger["key"])
    assert said_by(config) == f'{SAID}: Get "{server.address}": Unauthorized'
    with pytest.raises(UnreachableError):
        LiveApi(config).get(KIND["Namespace"], "kube-system")


def test_a_certificate_without_its_key_is_told(server: ApiServer) -> None:
    assert "tls: KEY_VALUES_MISMATCH" in said_by(server.kubeconfig_with(key=new_authority()["key"]))


def test_nobody_is_told_what_the_api_is_not_for(server: ApiServer) -> None:
    with pytest.raises(RefusalError, match=r'namespaces "kube-system" is forbidden: User "system:anonymous"'):
        LiveApi(server.kubeconfig_with(certificate="", key="")).get(KIND["Namespace"], "kube-system")


def test_a_server_that_does_not_answer_is_unreachable(server: ApiServer) -> None:
    said = said_by(server.kubeconfig_with(server=CLOSED))
    assert said == f'{SAID}: Get "{CLOSED}": dial tcp 127.0.0.1:1: connect: connection refused'


def test_what_is_no_kubeconfig_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="cluster is unreachable: not a kubeconfig"):
        LiveApi("nothing")


def secret(data: object = None, text: object = None) -> dict[str, object]:
    body = {"data": data, "stringData": text}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "it", "namespace": "default"},
        **{key: value for key, value in body.items() if value is not None},
    }


@pytest.mark.parametrize(
    "manifest",
    [
        secret(text={"key": 4711081547110815}),
        secret(data={"key": ["hunter2hunter2"]}),
        secret(data={"key": {"deep": "hunter2hunter2"}}),
        secret(data={"key": "hunter2hunter2 is no base64"}),
        secret(data={"bad key": base64.b64encode(b"hunter2hunter2").decode()}),
        {**secret(text={"key": "hunter2hunter2"}), "type": "kubernetes.io/dockerconfigjson"},
        {**secret(text={"key": "hunter2hunter2"}), "metadata": {"name": "Hunter2hunter2!", "namespace": "default"}},
    ],
    ids=["number", "list", "mapping", "no base64", "bad key", "type", "name"],
)
def test_no_refusal_gives_a_secret_away(server: ApiServer, manifest: dict[str, object]) -> None:
    api = LiveApi(server.kubeconfig)
    for call in (
        lambda: api.refuse(KIND["Secret"], manifest),
        lambda: api.create(KIND["Secret"], manifest, ""),
    ):
        with pytest.raises(RefusalError) as caught:
            call()
        assert "hunter2hunter2" not in str(caught.value)
        assert "4711081547110815" not in str(caught.value)
        assert base64.b64encode(b"hunter2hunter2").decode() not in str(caught.value)


def test_the_plugin_speaks_to_it_where_the_cluster_is_real(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("world") / "world.sqlite")
    monkeypatch.delenv("HONEYDUE_SANDBOX_SERVERS", raising=False)
    assert type(provider(world)) is Kubernetes, "recorded servers have no real cluster"
    monkeypatch.setenv("HONEYDUE_SANDBOX_SERVERS", str(tmp_path_factory.getbasetemp()))
    plugin = provider(world)
    assert type(plugin) is LiveKubernetes
    plugin.configuration = {"kubeconfig": server.kubeconfig}
    urn = "urn:pulumi:test::honeydue::kubernetes:core/v1:Namespace::it"
    found = plugin.read(urn, "kube-system", {}, {"metadata": {"name": "kube-system"}})
    assert found is not None
    assert found[0]["status"] == {"phase": "Active"}
    assert [call.detail for call in world.calls()] == [""]


def test_the_plugin_previews_what_it_cannot_reach(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HONEYDUE_SANDBOX_SERVERS", str(tmp_path_factory.getbasetemp()))
    plugin = provider(World(tmp_path_factory.mktemp("world") / "world.sqlite"))
    plugin.configuration = {"kubeconfig": server.kubeconfig_with(server=CLOSED)}
    urn = "urn:pulumi:test::honeydue::kubernetes:core/v1:Namespace::it"
    inputs = json.loads('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "it"}}')
    made, _ = plugin.create(urn, inputs, preview=True)
    assert made.outputs == inputs
    with pytest.raises(UnreachableError):
        plugin.create(urn, inputs, preview=False)
