"""Requests to the APIs of Hetzner, Cloudflare and GitHub: bounded, repeated where that is safe, one kind of error."""

from collections.abc import Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ATTEMPTS: Final = 4
"""Attempts of a GET, PUT, PATCH or DELETE request, on the status 429, 502, 503, 504 or a lost connection."""
_TIMEOUT: Final = (5.0, 30.0)
"""Seconds to connect, and seconds between two bytes of the answer."""
_LONGEST_WAIT: Final = 60
"""Seconds to wait at most when an API asks for more with `Retry-After`."""
_MESSAGE: Final = 300
"""Characters of an API's own message at most."""


class ApiError(Exception):
    """An API refused a request or could not be reached. The text names the API, the request and the API's reason.

    Attributes:
        status: The HTTP status, or 0 without an answer.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """One API and the token for it. The token is in no error and no log."""

    def __init__(
        self, name: str, base: str, token: str = "", headers: Mapping[str, str] | None = None, backoff: float = 1.0
    ) -> None:
        """Prepare requests; nothing is sent yet.

        Args:
            name: The API's name in errors.
            base: Its URL, such as `https://api.hetzner.cloud/v1`.
            token: The bearer token; empty for requests without one.
            headers: Further headers of every request.
            backoff: Seconds before the second repetition; they double each time. The API's `Retry-After` has priority.
        """
        self.name: Final = name
        self.base: Final = base.rstrip("/")
        self._session: Final = requests.Session()
        self._session.trust_env = False  # a ~/.netrc would replace the token
        self._session.headers.update({"User-Agent": "honeydue-ops", **(headers or {})})
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        retry = Retry(
            total=ATTEMPTS - 1,
            backoff_factor=backoff,
            backoff_max=20,
            retry_after_max=_LONGEST_WAIT,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=("GET", "PUT", "PATCH", "DELETE"),
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def send(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Send one request and return the JSON of the answer, None if it is empty.

        Args:
            method: `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
            path: The path behind the base, with a leading slash.
            query: The query's parameters.
            body: The JSON of the request.

        Raises:
            ApiError: If the API cannot be reached, answers with an error status, or answers with anything but JSON.
        """
        place = f"{self.name}: {method} {path}"
        try:
            answer = self._session.request(
                method, f"{self.base}{path}", params=query, json=body, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ApiError(f"{place}: no answer from {self.base} ({type(error).__name__})") from error
        if not answer.ok or answer.is_redirect:
            raise ApiError(f"{place}: HTTP status {answer.status_code}: {_reason(answer)}", answer.status_code)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise ApiError(f"{place}: the answer is not JSON", answer.status_code) from error


def _reason(answer: requests.Response) -> str:
    """Return the API's own message: Hetzner's `error.message`, Cloudflare's `errors[].message`, GitHub's `message`."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    found: list[str] = []
    if isinstance(content, dict):
        error, errors = content.get("error"), content.get("errors")
        found += [str(error["message"])] if isinstance(error, dict) and "message" in error else []
        found += [str(each["message"]) for each in errors or [] if isinstance(each, dict) and "message" in each]
        found += [str(content["message"])] if "message" in content else []
    return ", ".join(found)[:_MESSAGE] or answer.reason or "no reason given"
