"""One open issue per key, updated in place and closed when there is nothing to report."""

import time
from dataclasses import dataclass
from typing import Any, Final

from ops.github import text
from ops.github.comments import SETTLE
from ops.github.repository import Repository, lost
from ops.http import ApiError

_NEEDS: Final = "issues: write"


@dataclass(frozen=True, kw_only=True)
class Issues:
    """The open issues of this key that the token's own account wrote."""

    repository: Repository
    key: str

    def put(self, title: str, body: str) -> tuple[str, str]:
        """Update the open issue, or open one; return `updated` or `opened`, and its URL.

        Raises:
            ApiError: If GitHub refuses or does not answer.
        """
        content = {"title": title, "body": body}
        if found := self._find():
            return "updated", str(self._send("PATCH", f"/issues/{found[0]['number']}", content)["html_url"])
        try:
            return "opened", str(self._send("POST", "/issues", content)["html_url"])
        except ApiError as error:
            if not lost(error):
                raise
        time.sleep(SETTLE)
        made = self._find()
        return "opened", str((made[0] if made else self._send("POST", "/issues", content))["html_url"])

    def close(self) -> list[str]:
        """Close the open issues of the key and return their URLs.

        Raises:
            ApiError: If GitHub refuses or does not answer.
        """
        change = {"state": "closed", "state_reason": "completed"}
        return [str(self._send("PATCH", f"/issues/{each['number']}", change)["html_url"]) for each in self._find()]

    def _find(self) -> list[dict[str, Any]]:
        listed = self.repository.pages("/issues", needs=_NEEDS, query={"state": "open"})
        issues = [each for each in listed if "pull_request" not in each]  # GitHub lists pull requests as issues too
        candidates = [each for each in issues if text.marked(each.get("body"), self.key)]
        return [each for each in candidates if self.repository.wrote(each.get("user"))]

    def _send(self, method: str, path: str, body: Any) -> Any:
        return self.repository.send(method, path, needs=_NEEDS, body=body)
