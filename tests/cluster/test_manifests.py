"""Every object that the program registers is put before a real API server with the real CRDs."""

import json
from typing import Any

import pytest

from sandbox.providers.kubernetes_kinds import KINDS, Kind
from tests.cluster.api_server import ApiServer
from tests.program.recorder import Recording

PARTS = ("apiVersion", "kind", "metadata", "spec", "type", "stringData")


def manifests(recording: Recording) -> list[dict[str, Any]]:
    """The objects of a stack, in the order in which the program registers them."""
    return [
        {key: value for key, value in item.inputs.items() if key in PARTS}
        for item in recording.registrations
        if item.type.startswith("kubernetes:")
    ]


def test_a_real_api_server_takes_every_object_of_every_stack(server: ApiServer, recording: Recording) -> None:
    for manifest in manifests(recording):
        done = server.apply(json.dumps(manifest))
        assert done.returncode == 0, f"{manifest['kind']} {manifest['metadata']['name']}: {done.stderr}"


@pytest.mark.parametrize("field", ["valueContent", "version"])
def test_it_refuses_what_no_schema_declares(server: ApiServer, prod: Recording, field: str) -> None:
    config = next(item for item in manifests(prod) if item["kind"] == "HelmChartConfig")
    unknown = {**config, "spec": {**config["spec"], field: ""}}
    done = server.apply(json.dumps(unknown))
    assert done.returncode != 0, "an unknown field would be dropped in silence"
    assert f".spec.{field}: field not declared" in done.stderr


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_stand_in_knows_no_field_that_the_real_one_refuses(server: ApiServer, kind: Kind) -> None:
    for field in kind.body:
        done = server.run("explain", f"{kind.plural}.{field}", f"--api-version={kind.api_version}", "--recursive")
        assert done.returncode == 0, f"{kind.kind} has no {field}: {done.stderr}"
        declared = set(done.stdout.replace("\t", " ").split())
        schema = kind.body[field]
        unknown = [key for key in schema if key != "*" and key not in declared] if isinstance(schema, dict) else []
        assert not unknown, f"{kind.kind}.{field}: the sandbox takes {unknown}, the real API server does not"
