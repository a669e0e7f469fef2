"""The endpoints of GitHub's REST API that the project uses, with the permission that each needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.workflows.repository_on_github import RefusalError, Stored, user, validation


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, and who sent it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    login: str


def _issue_json(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in issue.items() if key != "pull"}


def _found(objects: Mapping[Any, Any], key: Any) -> Any:
    if key not in objects:
        raise RefusalError(404, "Not Found")
    return objects[key]


def _repository(stored: Stored, _: Call) -> tuple[int, Any]:
    return 200, {"full_name": stored.name, "default_branch": "main"}


def _comments(stored: Stored, _: Call, number: str) -> tuple[int, Any]:
    _found(stored.issues, int(number))
    return 200, [each for each in stored.comments.values() if each["issue"] == int(number)]


def _comment(stored: Stored, call: Call, number: str) -> tuple[int, Any]:
    _found(stored.issues, int(number))
    return 201, stored.say(int(number), call.login, call.body["body"])


def _edit_comment(stored: Stored, call: Call, number: str) -> tuple[int, Any]:
    comment = _found(stored.comments, int(number))
    stored.check_body("IssueComment", call.body["body"])
    comment["body"] = call.body["body"]
    return 200, comment


def _delete_comment(stored: Stored, _: Call, number: str) -> tuple[int, Any]:
    _found(stored.comments, int(number))
    del stored.comments[int(number)]
    return 204, None


def _issues(stored: Stored, call: Call) -> tuple[int, Any]:
    state = call.query.get("state", "open")
    return 200, [_issue_json(each) for each in stored.issues.values() if state in {"all", each["state"]}]


def _open_issue(stored: Stored, call: Call) -> tuple[int, Any]:
    return 201, _issue_json(stored.issue(call.login, call.body["title"], call.body["body"]))


def _edit_issue(stored: Stored, call: Call, number: str) -> tuple[int, Any]:
    issue = _found(stored.issues, int(number))
    stored.check_body("Issue", call.body.get("body", ""))
    issue |= {key: call.body[key] for key in ("title", "body", "state", "state_reason") if key in call.body}
    return 200, stored.pull_json(issue) if "/pulls/" in call.path else _issue_json(issue)


def _events(stored: Stored, _: Call, number: str) -> tuple[int, Any]:
    _found(stored.issues, int(number))
    return 200, [each for each in stored.events if each["issue"] == int(number)]


def _permission(stored: Stored, _: Call, login: str) -> tuple[int, Any]:
    role = _found(stored.roles, login)
    shown = {"maintain": "write", "triage": "read"}.get(role, role)  # docs: the legacy base roles
    return 200, {"permission": shown, "role_name": role, "user": user(login)}


def _pulls(stored: Stored, call: Call) -> tuple[int, Any]:
    found = [stored.pull_json(each) for each in stored.open_pulls()]
    owner, _, branch = call.query.get("head", "").partition(":")
    if branch:  # GitHub ignores a `head` without the owner
        full_name = f"{owner}/{stored.name.partition('/')[2]}"
        heads = ((each, each["head"]) for each in found)
        found = [each for each, head in heads if (head["ref"], head["repo"]["full_name"]) == (branch, full_name)]
    return 200, found


def _pull(stored: Stored, _: Call, number: str) -> tuple[int, Any]:
    issue = _found(stored.issues, int(number))
    if "pull" not in issue:
        raise RefusalError(404, "Not Found")
    return 200, stored.pull_json(issue)


def _open_pull(stored: Stored, call: Call) -> tuple[int, Any]:
    return 201, stored.open_pull(call.login, call.body)


def _commit_pulls(stored: Stored, _: Call, sha: str) -> tuple[int, Any]:
    pulls = [stored.pull_json(each) for each in stored.issues.values() if "pull" in each]
    if sha not in {*stored.commits, *(each["head"]["sha"] for each in pulls)}:
        raise RefusalError(422, f"No commit found for SHA: {sha}")
    return 200, [each for each in pulls if sha in {each["merge_commit_sha"], each["head"]["sha"]}]


def _commits(stored: Stored, call: Call) -> tuple[int, Any]:
    commit = stored.commits[_found(stored.refs, call.query.get("sha", "main"))]
    return 200, [{"sha": commit["sha"], "author": user(commit["login"]), "commit": {"author": commit["author"]}}]


def _ref(stored: Stored, _: Call, branch: str) -> tuple[int, Any]:
    return 200, {"ref": f"refs/heads/{branch}", "object": {"sha": _found(stored.refs, branch), "type": "commit"}}


def _git_commit(stored: Stored, _: Call, sha: str) -> tuple[int, Any]:
    return 200, _found(stored.commits, sha)


def _make_tree(stored: Stored, call: Call) -> tuple[int, Any]:
    return 201, {"sha": stored.tree(call.body["base_tree"], call.body["tree"])}


def _make_commit(stored: Stored, call: Call) -> tuple[int, Any]:
    return 201, stored.commit(call.login, call.body["message"], call.body["tree"], call.body["parents"])


def _make_ref(stored: Stored, call: Call) -> tuple[int, Any]:
    branch = str(call.body["ref"]).removeprefix("refs/heads/")
    if branch in stored.refs:
        raise RefusalError(422, "Reference already exists")
    stored.refs[branch] = call.body["sha"]
    return 201, {"ref": call.body["ref"]}


def _move_ref(stored: Stored, call: Call, branch: str) -> tuple[int, Any]:
    if branch not in stored.refs:
        raise RefusalError(422, "Reference does not exist")
    fast = stored.refs[branch] in [each["sha"] for each in stored.commits[call.body["sha"]]["parents"]]
    if not fast and not call.body.get("force"):
        raise validation("Reference", "Update is not a fast forward")
    stored.refs[branch] = call.body["sha"]
    return 200, {"ref": f"refs/heads/{branch}"}


def _either(level: str) -> tuple[tuple[str, str], ...]:
    return (("issues", level), ("pull-requests", level))


ROUTES: Final[tuple[tuple[str, str, tuple[tuple[str, str], ...], Callable[..., tuple[int, Any]]], ...]] = (
    ("GET", "", (), _repository),
    ("GET", r"/issues/(\d+)/comments", _either("read"), _comments),
    ("POST", r"/issues/(\d+)/comments", _either("write"), _comment),
    ("PATCH", r"/issues/comments/(\d+)", _either("write"), _edit_comment),
    ("DELETE", r"/issues/comments/(\d+)", _either("write"), _delete_comment),
    ("GET", "/issues", (("issues", "read"),), _issues),
    ("POST", "/issues", (("issues", "write"),), _open_issue),
    ("PATCH", r"/issues/(\d+)", (("issues", "write"),), _edit_issue),
    ("GET", r"/issues/(\d+)/events", (("issues", "read"),), _events),
    ("GET", r"/collaborators/([^/]+)/permission", (), _permission),
    ("GET", "/pulls", (("pull-requests", "read"),), _pulls),
    ("POST", "/pulls", (("pull-requests", "write"),), _open_pull),
    ("GET", r"/pulls/(\d+)", (("pull-requests", "read"),), _pull),
    ("PATCH", r"/pulls/(\d+)", (("pull-requests", "write"),), _edit_issue),
    ("GET", r"/commits/([0-9a-f]+)/pulls", (("pull-requests", "read"),), _commit_pulls),
    ("GET", "/commits", (("contents", "read"),), _commits),
    ("GET", r"/git/ref/heads/(.+)", (("contents", "read"),), _ref),
    ("GET", r"/git/commits/([0-9a-f]+)", (("contents", "read"),), _git_commit),
    ("POST", "/git/trees", (("contents", "write"),), _make_tree),
    ("POST", "/git/commits", (("contents", "write"),), _make_commit),
    ("POST", "/git/refs", (("contents", "write"),), _make_ref),
    ("PATCH", r"/git/refs/heads/(.+)", (("contents", "write"),), _move_ref),
)
"""Method, path, the permissions of which one is enough, and the handler."""
