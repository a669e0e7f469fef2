"""The kubernetes stand-in's client against a real API server: what it makes, refuses, changes and removes."""

import json
import uuid

from sandbox.providers.kubernetes_live import LiveApi, Patience
from tests.cluster.api_server import ApiServer
from tests.cluster.objects import KIND, apply, create, manifest, middleware, refusal, secret


def test_what_is_made_is_there_as_it_was_given_back(api: LiveApi, namespace: str) -> None:
    made = create(api, middleware(namespace, frameDeny=True))
    assert made["spec"] == {"headers": {"frameDeny": True}}
    assert made["metadata"]["uid"]
    assert "managedFields" not in made["metadata"]
    assert api.get(KIND["Middleware"], f"{namespace}/it") == made


def test_what_is_not_there_is_nothing(api: LiveApi, namespace: str) -> None:
    assert api.get(KIND["Middleware"], f"{namespace}/it") is None


def test_a_namespace_is_active(api: LiveApi, namespace: str) -> None:
    found = api.get(KIND["Namespace"], namespace)
    assert found is not None
    assert found["status"] == {"phase": "Active"}


def test_an_object_that_exists_is_refused_at_its_creation_but_not_at_preview(api: LiveApi, namespace: str) -> None:
    create(api, secret(namespace, key="one"))
    api.refuse(KIND["Secret"], secret(namespace, key="two"))
    said = refusal(lambda: create(api, secret(namespace, key="two")))
    expected = f'resource "{namespace}/it" was not successfully created by the Kubernetes API server'
    assert said == f'{expected}: secrets "it" already exists'


def test_a_field_that_is_not_applied_any_more_is_gone(api: LiveApi, namespace: str) -> None:
    create(api, middleware(namespace, frameDeny=True, stsSeconds=60))
    assert apply(api, middleware(namespace, stsSeconds=60))["spec"] == {"headers": {"stsSeconds": 60}}
    assert apply(api, middleware(namespace, frameDeny=True))["spec"] == {"headers": {"frameDeny": True}}
    found = api.get(KIND["Middleware"], f"{namespace}/it")
    assert found is not None
    assert found["spec"] == {"headers": {"frameDeny": True}}


def test_a_value_of_a_secret_that_is_not_applied_any_more_is_gone(api: LiveApi, namespace: str) -> None:
    create(api, secret(namespace, one="1", two="2"))
    assert apply(api, secret(namespace, two="2"))["data"] == {"two": "Mg=="}


def test_string_data_become_data(api: LiveApi, namespace: str) -> None:
    made = create(api, manifest("Secret", namespace, stringData={"key": "text"}))
    assert made["data"] == {"key": "dGV4dA=="}
    assert "stringData" not in made


def test_what_others_set_stays(server: ApiServer, api: LiveApi, namespace: str) -> None:
    create(api, middleware(namespace, frameDeny=True))
    others = {**middleware(namespace), "spec": {"headers": {"stsSeconds": 60}}}
    words = ("apply", "--server-side", "--field-manager=helm", "-f", "-")
    assert server.run(*words, stdin=json.dumps(others)).returncode == 0
    applied = apply(api, middleware(namespace, frameDeny=False))
    assert applied["spec"] == {"headers": {"frameDeny": False, "stsSeconds": 60}}


def test_what_another_manager_owns_is_a_conflict(server: ApiServer, api: LiveApi, namespace: str) -> None:
    create(api, middleware(namespace, frameDeny=True))
    words = ("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-")
    assert server.run(*words, stdin=json.dumps(middleware(namespace, frameDeny=False))).returncode == 0
    apply(api, middleware(namespace, stsSeconds=60))
    wanted = middleware(namespace, frameDeny=True)
    for call in (lambda: apply(api, wanted), lambda: api.refuse(KIND["Middleware"], wanted, exists=True)):
        said = refusal(call)
        assert "Server-Side Apply field conflict detected" in said
        assert 'conflict with "helm"' in said


def test_what_kubectl_has_edited_is_taken_over(server: ApiServer, api: LiveApi, namespace: str) -> None:
    create(api, middleware(namespace, frameDeny=True))
    edit = '{"spec": {"headers": {"frameDeny": false, "stsSeconds": 60}}}'
    done = server.run("patch", "middlewares.traefik.io", "it", f"-n={namespace}", "--type=merge", f"-p={edit}")
    assert done.returncode == 0, done.stderr
    assert apply(api, middleware(namespace, frameDeny=True))["spec"] == {"headers": {"frameDeny": True}}


def test_what_is_gone_cannot_be_changed(api: LiveApi, namespace: str) -> None:
    wanted = middleware(namespace)
    for call in (lambda: apply(api, wanted), lambda: api.refuse(KIND["Middleware"], wanted, exists=True)):
        assert refusal(call) == 'middlewares.traefik.io "it" not found'


def test_a_field_that_no_schema_declares_is_refused(api: LiveApi, namespace: str) -> None:
    misspelt = middleware(namespace, frameDenied=True)
    typed = f"failed to create typed patch object ({namespace}/it; traefik.io/v1alpha1, Kind=Middleware)"
    said = f"{typed}: .spec.headers.frameDenied: field not declared in schema"
    assert refusal(lambda: api.refuse(KIND["Middleware"], misspelt)) == said
    assert 'unknown field "spec.headers.frameDenied"' in refusal(lambda: create(api, misspelt))
    create(api, middleware(namespace, frameDeny=True))
    assert refusal(lambda: api.refuse(KIND["Middleware"], misspelt, exists=True)) == said
    assert refusal(lambda: apply(api, misspelt)) == said


def test_a_dry_run_changes_nothing(api: LiveApi, namespace: str) -> None:
    api.refuse(KIND["Secret"], secret(namespace, key="new"))
    assert api.get(KIND["Secret"], f"{namespace}/it") is None
    made = create(api, secret(namespace, key="old"))
    api.refuse(KIND["Secret"], secret(namespace, other="new"), exists=True)
    assert api.get(KIND["Secret"], f"{namespace}/it") == made


def test_a_replacement_passes_the_preview_while_the_old_one_stands(api: LiveApi, namespace: str) -> None:
    create(api, secret(namespace, key="old"))
    other = {**secret(namespace, key="new"), "type": "example.com/other"}
    api.refuse(KIND["Secret"], other)
    assert "field is immutable" in refusal(lambda: api.refuse(KIND["Secret"], other, exists=True))


def test_a_namespace_may_lack_at_preview_only(api: LiveApi) -> None:
    wanted = secret("none-such", key="value")
    api.refuse(KIND["Secret"], wanted)
    assert refusal(lambda: create(api, wanted)).endswith('API server: namespaces "none-such" not found')


def test_a_kind_may_lack_at_preview_only(server: ApiServer, api: LiveApi, namespace: str) -> None:
    definition = "traefikservices.traefik.io"
    shape = server.run("get", "crd", definition, "-o", "json", "--show-managed-fields=false").stdout
    assert server.run("delete", "crd", definition).returncode == 0
    try:
        wanted = manifest("TraefikService", namespace, spec={"weighted": {"services": []}})
        api.refuse(KIND["TraefikService"], wanted)
        said = refusal(lambda: create(api, wanted))
        assert said.endswith('no matches for kind "TraefikService" in version "traefik.io/v1alpha1"')
        assert api.get(KIND["TraefikService"], f"{namespace}/it") is None
        api.delete(KIND["TraefikService"], f"{namespace}/it")
    finally:
        kept = json.loads(shape)
        again = {key: kept[key] for key in ("apiVersion", "kind", "spec")}
        server.apply(json.dumps({**again, "metadata": {"name": definition}}))
        server.run("wait", "--for=condition=Established", "--timeout=60s", "crd", definition)


def test_what_is_deleted_is_gone_and_deleting_it_again_is_no_error(api: LiveApi, namespace: str) -> None:
    create(api, secret(namespace, key="value"))
    api.delete(KIND["Secret"], f"{namespace}/it")
    assert api.get(KIND["Secret"], f"{namespace}/it") is None
    api.delete(KIND["Secret"], f"{namespace}/it")


def test_a_namespace_takes_everything_in_it_along(api: LiveApi) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    create(api, manifest("Namespace", "", name))
    create(api, secret(name, key="value"))
    api.delete(KIND["Namespace"], name)
    assert api.get(KIND["Namespace"], name) is None
    assert api.get(KIND["Secret"], f"{name}/it") is None


def test_what_a_finalizer_holds_is_told(server: ApiServer, namespace: str) -> None:
    hasty = LiveApi(server.kubeconfig, Patience(deletion=0.5, pause=0.1))
    held = secret(namespace, key="value")
    held["metadata"]["finalizers"] = ["example.com/held"]
    create(hasty, held)
    assert refusal(lambda: hasty.delete(KIND["Secret"], f"{namespace}/it")) == (
        'Timed out waiting for deletion of v1/Secret "it"'
    )
    release = '{"metadata": {"finalizers": null}}'
    assert server.run("patch", "secret", "it", f"-n={namespace}", "--type=merge", f"-p={release}").returncode == 0


def test_an_object_that_exists_is_taken_over_with_what_others_set_if_the_provider_says_so(
    api: LiveApi, server: ApiServer, namespace: str
) -> None:
    assert server.run("label", "namespace", namespace, "team=application").returncode == 0
    wanted = manifest("Namespace", "", namespace)
    assert "already exists" in refusal(lambda: create(api, wanted)), "the provider's default"
    made = create(api, wanted, upsert=True)
    assert made["metadata"]["labels"]["team"] == "application"
    other = manifest("Namespace", "", f"{namespace}-new")
    assert create(api, other, upsert=True)["metadata"]["name"] == f"{namespace}-new", "one that is missing is created"
