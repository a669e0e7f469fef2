"""Requests to GitHub's REST API about one repository, with errors that say which permission is missing."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ops.ending import refuse
from ops.http import Api, ApiError

API: Final = "https://api.github.com"
PER_PAGE: Final = 100
"""Objects of one page; GitHub's maximum."""
_PAGES: Final = 100
"""Pages that are read at most."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")
_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def lost(error: ApiError) -> bool:
    """Return whether a request may have taken effect although it failed: no answer, or an error of a gateway."""
    return error.status == 0 or error.status >= 500


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository on GitHub and the account that the token belongs to."""

    api: Api
    graphql: Api
    name: str
    """OWNER/NAME."""

    @property
    def owner(self) -> str:
        """The account that owns the repository."""
        return self.name.partition("/")[0]

    def send(
        self, method: str, path: str, *, needs: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Send one request about the repository and return the JSON of the answer.

        Args:
            method: The HTTP method.
            path: The path behind `/repos/OWNER/NAME`.
            needs: The entry of a workflow's `permissions:` that the request needs, such as `issues: write`.
            query: The query's parameters.
            body: The JSON of the request.

        Raises:
            ApiError: If GitHub refuses or does not answer. The text names the missing permission.
        """
        try:
            return self.api.send(method, f"/repos/{self.name}{path}", query=query, body=body)
        except ApiError as error:
            raise ApiError(f"{error}{_hint(error, needs)}", error.status) from error

    def pages(self, path: str, *, needs: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the objects of all pages of a list.

        Raises:
            ApiError: As `send`, or if the list has more pages than this reads.
        """
        for number in range(1, _PAGES + 1):
            page = self.send("GET", path, needs=needs, query={**(query or {}), "per_page": PER_PAGE, "page": number})
            yield from page
            if not page:  # a page may be short without being the last one
                return
        raise ApiError(f"GitHub: GET {path}: more than {_PAGES * PER_PAGE:,} entries")

    @cached_property
    def login(self) -> str:
        """The login that the REST API shows for objects made with this token, such as `github-actions[bot]`.

        `GET /user` answers 403 to the token of a workflow or of an app; GraphQL's `viewer` answers every token.
        """
        question = {"query": "query { viewer { login } }"}
        try:
            try:
                answer = self.graphql.send("POST", "", body=question)
            except ApiError as error:
                if not lost(error):
                    raise
                answer = self.graphql.send("POST", "", body=question)  # it reads only
        except ApiError as error:
            raise ApiError(f"{error}{_hint(error, 'any')}", error.status) from error
        viewer = (answer or {}).get("data") or {}
        try:
            return str(viewer["viewer"]["login"])
        except (KeyError, TypeError) as error:
            raise ApiError(f"{self.graphql.name}: the answer does not name the account of GITHUB_TOKEN") from error

    def wrote(self, user: Mapping[str, Any] | None) -> bool:
        """Return whether a `user` of the REST API is the account of the token.

        Logins are unique, and only the login of an app ends in `[bot]`, so nobody else can have it. GraphQL may
        leave the `[bot]` out.
        """
        login, kind = (user or {}).get("login"), (user or {}).get("type")
        return login == self.login or (kind == "Bot" and login == f"{self.login}[bot]")


def from_environment() -> Repository:
    """Return the repository of GITHUB_REPOSITORY, with GITHUB_TOKEN; end with USAGE if one is missing."""
    token, name = os.environ.get("GITHUB_TOKEN", "").strip(), os.environ.get("GITHUB_REPOSITORY", "")
    base = (os.environ.get("GITHUB_API_URL") or API).rstrip("/")
    graphql = os.environ.get("GITHUB_GRAPHQL_URL") or f"{base.removesuffix('/v3')}/graphql"
    if not token:
        refuse("GITHUB_TOKEN is not set; in a workflow pass it in `env:`, on a laptop use a personal access token")
    if not _NAME.fullmatch(name):
        refuse(f"GITHUB_REPOSITORY is {name!r}; it must be OWNER/NAME")
    for url in (base, graphql):
        if not url.startswith(("https://", "http://")):
            refuse(f"GITHUB_API_URL, GITHUB_GRAPHQL_URL: {url!r} is not a URL")
    return Repository(
        api=Api("GitHub", base, token, _HEADERS), graphql=Api("GitHub GraphQL", graphql, token, _HEADERS), name=name
    )


def _hint(error: ApiError, needs: str) -> str:
    text = str(error).lower()
    if error.status == 401:
        return "; GITHUB_TOKEN is not valid, or has expired"
    if error.status in {403, 429} and "rate limit" in text:
        return "; GitHub limits the rate of requests, so run it again later"
    if error.status == 403 and "not permitted to create or approve pull requests" in text:
        return "; allow it in the repository: Settings, Actions, General, Workflow permissions"
    if error.status == 403:
        return (
            f"; the job's `permissions:` lack `{needs}`, or the run belongs to a pull request from a fork or from"
            " Dependabot, whose token can only read"
        )
    if error.status == 404:
        return f"; it does not exist, or GITHUB_TOKEN may not see it (`{needs}`)"
    return "; run it again" if lost(error) else ""
