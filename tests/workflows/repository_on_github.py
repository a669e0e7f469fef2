"""What GitHub stores of one repository: issues, pull requests, comments, labels, roles and git objects."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

BOT: Final = "github-actions[bot]"
"""The account of a workflow's GITHUB_TOKEN."""
LIMIT: Final = 65_536


class RefusalError(Exception):
    """An error status with the JSON that GitHub sends."""

    def __init__(self, status: int, message: str, **content: Any) -> None:
        super().__init__(message)
        self.status: Final = status
        self.content: Final = {"message": message, **content, "status": str(status)}


def validation(resource: str, message: str) -> RefusalError:
    """Status 422, as GitHub words it (seen in public reports of octokit's errors)."""
    error = {"resource": resource, "code": "unprocessable", "field": "data", "message": message}
    return RefusalError(422, "Validation Failed", errors=[error])


def user(login: str) -> dict[str, Any]:
    """An account in the form of the REST API."""
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


@dataclass(kw_only=True)
class Stored:
    """The repository. Methods have the effect of a request, or raise RefusalError."""

    name: str = "acme/honeydue"
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    trees: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    actions_may_open: bool = True
    """The setting "Allow GitHub Actions to create and approve pull requests"."""
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.refs["main"] = self.commit("alice", "first", self._tree({"README.md": ("100644", "honeydue\n")}), [])[
            "sha"
        ]

    def number(self) -> int:
        """The next number of an issue, a comment or an event."""
        self._numbers += 1
        return self._numbers

    # People.

    def pull(
        self,
        *,
        head: str,
        branch: str = "change",
        body: str = "",
        fork: str | None = None,
        author: str = "alice",
        base: str = "main",
    ) -> int:
        """Somebody opens a pull request; `fork` is the full name of another repository."""
        issue = self.issue(author, f"Change {branch}", body)
        repository = fork or self.name
        issue["pull_request"] = {}
        issue["pull"] = {
            "head": {"sha": head, "ref": branch, "repo": {"full_name": repository}},
            "base": {"ref": base},
            "merged_at": None,
            "merge_commit_sha": None,
        }
        return int(issue["number"])

    def say(self, number: int, login: str, body: str) -> dict[str, Any]:
        """Somebody comments."""
        if len(body) > LIMIT:
            raise validation("IssueComment", f"Body is too long (maximum is {LIMIT} characters)")
        made = self.number()
        url = f"https://github.com/{self.name}/issues/{number}#issuecomment-{made}"
        self.comments[made] = {"id": made, "issue": number, "user": user(login), "body": body, "html_url": url}
        return self.comments[made]

    def label(self, number: int, login: str, label: str) -> None:
        """Somebody sets a label."""
        self.issues[number]["labels"].append({"name": label})
        self.events.append({"issue": number, "event": "labeled", "actor": user(login), "label": {"name": label}})

    def unlabel(self, number: int, login: str, label: str) -> None:
        """Somebody removes a label."""
        self.issues[number]["labels"].remove({"name": label})
        self.events.append({"issue": number, "event": "unlabeled", "actor": user(login), "label": {"name": label}})

    def merge(self, number: int) -> str:
        """Somebody merges a pull request; the commit on the default branch."""
        pull = self.issues[number]["pull"]
        tree = self.commits[self.refs["main"]]["tree"]["sha"]
        commit = str(self.commit("alice", f"Merge {number}", tree, [self.refs["main"]])["sha"])
        pull |= {"merged_at": "2026-11-25T12:00:00Z", "merge_commit_sha": commit}
        self.issues[number]["state"] = "closed"
        self.refs["main"] = commit
        return commit

    # Objects.

    def issue(self, login: str, title: str, body: str) -> dict[str, Any]:
        """A new issue."""
        self.check_body("Issue", body)
        number = self.number()
        kind = {"number": number, "user": user(login), "title": title, "body": body, "state": "open", "labels": []}
        self.issues[number] = {**kind, "html_url": f"https://github.com/{self.name}/issues/{number}"}
        return self.issues[number]

    def check_body(self, resource: str, body: str) -> None:
        """Refuse a text that is too long."""
        if len(body) > LIMIT:
            raise validation(resource, f"body is too long (maximum is {LIMIT} characters)")

    def open_pull(self, login: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """A pull request through the API."""
        if login == BOT and not self.actions_may_open:
            raise RefusalError(403, "GitHub Actions is not permitted to create or approve pull requests.")
        branch, base = content["head"], content["base"]
        if branch not in self.refs or base not in self.refs:
            raise validation("PullRequest", f"{branch} or {base} is invalid")
        heads = [self.pull_json(each)["head"] for each in self.open_pulls()]
        if any((head["ref"], head["repo"]["full_name"]) == (branch, self.name) for head in heads):
            raise validation("PullRequest", f"A pull request already exists for acme:{branch}.")
        self.check_body("PullRequest", content.get("body", ""))
        number = self.pull(head=self.refs[branch], branch=branch, body=content.get("body", ""), author=login, base=base)
        self.issues[number]["title"] = content["title"]
        return self.pull_json(self.issues[number])

    def open_pulls(self) -> list[dict[str, Any]]:
        """The open pull requests."""
        return [each for each in self.issues.values() if "pull" in each and each["state"] == "open"]

    def pull_json(self, issue: Mapping[str, Any]) -> dict[str, Any]:
        """A pull request in the form of the REST API; its head is where its branch is now."""
        found = {key: value for key, value in issue.items() if key not in {"pull", "pull_request"}}
        found |= json.loads(json.dumps(issue["pull"]))
        head = found["head"]
        if head["repo"]["full_name"] == self.name:
            head["sha"] = self.refs.get(head["ref"], head["sha"])
        return found

    def commit(self, login: str, message: str, tree: str, parents: list[str]) -> dict[str, Any]:
        """A new commit. GitHub dates it, so no two are equal."""
        made = {
            "message": message,
            "tree": {"sha": tree},
            "parents": [{"sha": each} for each in parents],
            "author": {"name": login},
        }
        sha = hashlib.sha1(f"{len(self.commits)}{made}".encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = {"sha": sha, "login": login, **made}
        return self.commits[sha]

    def tree(self, base: str, entries: list[Mapping[str, str]]) -> str:
        """A new tree on top of another one."""
        changed = {each["path"]: (each["mode"], each["content"]) for each in entries}
        return self._tree({**self.trees[base], **changed})

    def files(self, branch: str) -> dict[str, str]:
        """The files at the end of a branch."""
        return {path: text for path, (_, text) in self.trees[self.commits[self.refs[branch]]["tree"]["sha"]].items()}

    def _tree(self, files: dict[str, tuple[str, str]]) -> str:
        text = json.dumps(files, sort_keys=True)
        sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.trees[sha] = files
        return sha
