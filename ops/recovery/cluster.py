"""Read objects of a Kubernetes cluster over HTTPS, with the client certificate of a kubeconfig. It changes nothing."""

import base64
import tempfile
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml

from ops.http import Api, ApiError


class NotAKubeconfigError(ValueError):
    """The text is no kubeconfig with a client certificate. The error contains nothing of it."""


class Cluster:
    """A cluster. Every method raises ApiError if the API server refuses or cannot be reached."""

    def __init__(self, kubeconfig: str) -> None:
        """Prepare requests; nothing is sent yet.

        Raises:
            NotAKubeconfigError: If the text is no kubeconfig with certificates in it, such as k3s writes.
        """
        try:
            content = yaml.safe_load(kubeconfig)
            cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
            self.server: Final = str(cluster["server"])
            self._authority: Final = base64.b64decode(cluster["certificate-authority-data"], validate=True)
            self._client: Final = b"\n".join(
                base64.b64decode(user[key], validate=True) for key in ("client-certificate-data", "client-key-data")
            )
        except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
            raise NotAKubeconfigError("it is no kubeconfig with a server, its CA and a client certificate") from error
        self._plurals: Final[dict[str, Mapping[str, Any]]] = {}

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object, None if it or its kind does not exist."""
        resource = self._kinds(api_version).get(kind)
        if resource is None:
            return None
        place = f"/namespaces/{quote(namespace, safe='')}" if resource["namespaced"] else ""
        path = f"{_base(api_version)}{place}/{resource['name']}/{quote(name, safe='')}"
        found: dict[str, Any] | None = self._read(path)
        return found

    def _kinds(self, api_version: str) -> Mapping[str, Any]:
        """Return the resources of a version of an API group, by kind."""
        if api_version not in self._plurals:
            listed = self._read(_base(api_version)) or {}
            resources = [each for each in listed.get("resources", []) if "/" not in each["name"]]
            self._plurals[api_version] = {each["kind"]: each for each in resources}
        return self._plurals[api_version]

    def _read(self, path: str) -> Any:
        try:
            return self._api.send("GET", path)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    @cached_property
    def _api(self) -> Api:
        return _AuthenticatedApi("Kubernetes", self.server, self._authority, self._client)


class _AuthenticatedApi(Api):
    """An API that trusts one CA and asks for a client certificate."""

    def __init__(self, name: str, base: str, authority: bytes, client: bytes) -> None:
        super().__init__(name, base)
        self._files: Final = tempfile.TemporaryDirectory(prefix="ops-")  # requests takes certificates as files only
        files = {"ca.pem": authority, "client.pem": client}
        for file, content in files.items():
            path = Path(self._files.name, file)
            path.touch(mode=0o600)
            path.write_bytes(content)
        self._session.verify = str(Path(self._files.name, "ca.pem"))
        self._session.cert = str(Path(self._files.name, "client.pem"))


def _base(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
