"""One pull request per branch with changed files, made through the REST API without a push."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ops.github.comments import SETTLE
from ops.github.repository import Repository, lost
from ops.http import ApiError

_CONTENTS: Final = "contents: write"
_PULLS: Final = "pull-requests: write"


class ForeignBranchError(Exception):
    """The branch has a commit that this token's account did not make; overwriting it would lose work."""


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A branch of one commit on top of the base, and the pull request for it."""

    repository: Repository
    base: str
    branch: str

    def put(self, files: Mapping[str, Path], title: str, body: str) -> tuple[str, str]:
        """Bring branch and pull request up to date; return `opened`, `updated` or `unchanged`, and the URL.

        Args:
            files: The path in the repository of each file on this machine.
            title: The title, also the commit's message.
            body: The description.

        Raises:
            ApiError: If GitHub refuses or does not answer.
            ForeignBranchError: If somebody else pushed to the branch.
        """
        base = self._commit(self.base)
        if base is None:
            raise ApiError(f"GitHub: the branch {self.base} does not exist", 404)
        tree = self._tree(files, base["tree"]["sha"])
        if tree == base["tree"]["sha"]:
            return "unchanged", ""
        self._move_branch(base["sha"], tree, title)
        return self._put_pull_request(title, body)

    def _tree(self, files: Mapping[str, Path], base: str) -> str:
        entries = [
            {
                "path": path,
                "mode": "100755" if os.access(file, os.X_OK) else "100644",
                "type": "blob",
                "content": file.read_text(encoding="utf-8"),
            }
            for path, file in files.items()
        ]
        return str(self._git("POST", "/trees", {"base_tree": base, "tree": entries})["sha"])

    def _move_branch(self, base: str, tree: str, message: str) -> None:
        """Let the branch be one commit with this tree on top of the base; nothing is sent if it is."""
        head = self._commit(self.branch)
        if head and head["tree"]["sha"] == tree and [each["sha"] for each in head["parents"]] == [base]:
            return
        if head:
            self._refuse_foreign()
        new = self._git("POST", "/commits", {"message": message, "tree": tree, "parents": [base]})["sha"]
        if head:
            self._git("PATCH", f"/refs/heads/{quote(self.branch)}", {"sha": new, "force": True})
            return
        try:
            self._git("POST", "/refs", {"ref": f"refs/heads/{self.branch}", "sha": new})
        except ApiError as error:
            if not lost(error):
                raise
            time.sleep(SETTLE)
            made = self._commit(self.branch)
            if not made or made["sha"] != new:
                raise

    def _refuse_foreign(self) -> None:
        query = {"sha": self.branch, "per_page": 1}
        (last,) = self.repository.send("GET", "/commits", needs=_CONTENTS, query=query)
        if not self.repository.wrote(last.get("author")):
            author = (last.get("author") or {}).get("login") or last["commit"]["author"]["name"]
            raise ForeignBranchError(
                f"the branch {self.branch} ends with a commit of {author}; merge or delete it, then run this again"
            )

    def _put_pull_request(self, title: str, body: str) -> tuple[str, str]:
        if found := self._find():
            return "updated", str(
                self._pulls("PATCH", f"/{found['number']}", {"title": title, "body": body})["html_url"]
            )
        content = {"title": title, "body": body, "head": self.branch, "base": self.base}
        try:
            return "opened", str(self._pulls("POST", "", content)["html_url"])
        except ApiError as error:
            if not lost(error):
                raise
        time.sleep(SETTLE)
        return "opened", str((self._find() or self._pulls("POST", "", content))["html_url"])

    def _find(self) -> dict[str, Any] | None:
        query = {"state": "open", "base": self.base, "head": f"{self.repository.owner}:{self.branch}"}
        return next(self.repository.pages("/pulls", needs=_PULLS, query=query), None)

    def _commit(self, branch: str) -> dict[str, Any] | None:
        """Return the commit at the end of a branch; None without such a branch."""
        try:
            reference = self._git("GET", f"/ref/heads/{quote(branch)}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        commit: dict[str, Any] = self._git("GET", f"/commits/{reference['object']['sha']}")
        return commit

    def _git(self, method: str, path: str, body: Any = None) -> Any:
        return self.repository.send(method, f"/git{path}", needs=_CONTENTS, body=body)

    def _pulls(self, method: str, path: str, body: Any) -> Any:
        return self.repository.send(method, f"/pulls{path}", needs=_PULLS, body=body)


def default_branch(repository: Repository) -> str:
    """Return the name of the repository's default branch."""
    return str(repository.send("GET", "", needs="contents: read")["default_branch"])
