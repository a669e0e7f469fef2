"""One comment per key on a pull request, edited in place."""

import time
from dataclasses import dataclass
from typing import Any, Final

from ops.github import text
from ops.github.repository import Repository, lost
from ops.http import ApiError

_NEEDS: Final = "pull-requests: write"
SETTLE: Final = 2.0
"""Seconds before GitHub is asked whether a request whose answer was lost took effect."""


@dataclass(frozen=True, kw_only=True)
class Comments:
    """The comments of this key on one pull request that the token's own account wrote."""

    repository: Repository
    pull: int
    key: str

    def put(self, body: str) -> tuple[str, str]:
        """Edit the comment, or add it; return `edited` or `added`, and its URL.

        Surplus comments of the key are deleted. A lost answer to the request that adds a comment is followed by another
        look, so that the comment is not added twice.

        Raises:
            ApiError: If GitHub refuses or does not answer.
        """
        found = self._find()
        if not found:
            return "added", self._add(body)
        first, *surplus = found
        edited = self._send("PATCH", f"/issues/comments/{first['id']}", {"body": body})
        for each in surplus:
            self._send("DELETE", f"/issues/comments/{each['id']}")
        return "edited", str(edited["html_url"])

    def _find(self) -> list[dict[str, Any]]:
        listed = self.repository.pages(f"/issues/{self.pull}/comments", needs=_NEEDS)
        candidates = [each for each in listed if text.marked(each.get("body"), self.key)]
        return [each for each in candidates if self.repository.wrote(each.get("user"))]

    def _add(self, body: str) -> str:
        path = f"/issues/{self.pull}/comments"
        try:
            return str(self._send("POST", path, {"body": body})["html_url"])
        except ApiError as error:
            if not lost(error):
                raise
        time.sleep(SETTLE)
        found = self._find()
        return str((found[0] if found else self._send("POST", path, {"body": body}))["html_url"])

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        return self.repository.send(method, path, needs=_NEEDS, body=body)


def head_of(repository: Repository, pull: int) -> tuple[str, bool]:
    """Return the commit at the head of a pull request, and whether the pull request is open."""
    found = repository.send("GET", f"/pulls/{pull}", needs="pull-requests: read")
    return str(found["head"]["sha"]), found["state"] == "open"
