"""An Ingress is made once a controller says where it is served; until then the client of a real API server waits."""

import threading
import time

import pytest

from sandbox.providers.kubernetes_live import LiveApi, Patience
from sandbox.providers.refusal import UnfinishedError
from tests.cluster.api_server import ApiServer
from tests.cluster.objects import KIND, apply, create, ingress, manifest, refusal


def test_an_ingress_that_nobody_serves_is_unfinished(api: LiveApi, namespace: str) -> None:
    with pytest.raises(UnfinishedError) as caught:
        create(api, ingress(namespace))
    said = str(caught.value)
    assert said.startswith(
        f'resource "{namespace}/it" was successfully created, but the Kubernetes API server reported'
    )
    assert said.endswith("with a hostname/IP address: no controller serves the class nobodys")
    assert caught.value.identity == f"{namespace}/it"
    assert caught.value.outputs == api.get(KIND["Ingress"], f"{namespace}/it")


def test_an_ingress_whose_controller_writes_nothing_is_told(api: LiveApi, namespace: str) -> None:
    class_name = f"{namespace}-silent"
    create(api, manifest("IngressClass", "", class_name, spec={"controller": "example.com/silent"}))
    said = refusal(lambda: create(api, ingress(namespace, class_name=class_name)))
    assert said.endswith(f"the controller of the class {class_name} has written no address in 2 s")


def test_an_ingress_is_done_once_somebody_writes_where_it_is_served(server: ApiServer, namespace: str) -> None:
    patient = LiveApi(server.kubeconfig, Patience(address=30.0, pause=0.1))
    status = '{"status": {"loadBalancer": {"ingress": [{"hostname": "edge.example.com"}]}}}'

    def serve() -> None:
        words = ("patch", "ingress", "it", f"-n={namespace}", "--subresource=status", "--type=merge", f"-p={status}")
        deadline = time.monotonic() + 20
        while server.run(*words).returncode and time.monotonic() < deadline:
            time.sleep(0.2)

    controller = threading.Thread(target=serve)
    controller.start()
    made = create(patient, ingress(namespace))
    controller.join()
    assert made["status"]["loadBalancer"]["ingress"] == [{"hostname": "edge.example.com"}]
    changed = apply(patient, ingress(namespace, service="other"))
    assert changed["status"] == made["status"]
    assert changed["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "other"


def test_an_ingress_that_skips_the_await_waits_for_nobody(api: LiveApi, namespace: str) -> None:
    wanted = ingress(namespace)
    wanted["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    made = create(api, wanted)
    assert not made["status"]["loadBalancer"], "nobody serves it, and no Service is there either"
    wanted["metadata"]["annotations"] = {"pulumi.com/skipAwait": "yes"}
    assert "was not updated" in refusal(lambda: apply(api, wanted)), "only the exact text counts"
