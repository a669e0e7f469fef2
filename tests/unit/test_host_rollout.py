"""The gate behind Traefik's values: over only when every pod has them, and quick to fail when Helm refuses them."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.host.rollout import ANNOTATION
from tests.unit.fake_cluster import FakeCluster, items
from tests.unit.host_programs import run_program

NEW = "0123456789abcdef"
COMPLETE = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3, "observedGeneration": 2}
HELM = "Error: UPGRADE FAILED: maxUnavailable should be greater than 1 when using hostNetwork\n"


def daemonset(digest: str = NEW, **status: int) -> dict[str, Any]:
    return {"metadata": {"annotations": {ANNOTATION: digest}, "generation": 2}, "status": {**COMPLETE, **status}}


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    return FakeCluster(tmp_path)


def job(cluster: FakeCluster, *, restarts: int = 0, status: dict[str, Any] | None = None, chart: Any = "") -> None:
    """The job that runs Helm: its pod restarts in place, so the job itself counts no failure."""
    cluster.answer("*get helmchart *", chart)
    cluster.answer("*get job *", {"metadata": {"uid": "u1"}, "status": status or {"active": 1}})
    pod = {"status": {"containerStatuses": [{"restartCount": restarts}]}}
    cluster.answer("*get pods -l batch.kubernetes.io/controller-uid=u1 *", items(pod))
    cluster.answer("*logs job/helm-install-traefik --tail=12", HELM)


def wait(cluster: FakeCluster, seconds: str = "1", settled: float = 0.3) -> tuple[int, dict[str, Any], str]:
    changes = {"PAUSE =": "PAUSE = 0.1", "SETTLED =": f"SETTLED = {settled}"}
    done = run_program("rollout", "wait", NEW, seconds, tools=cluster.tools, changes=changes)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_a_rollout_is_complete_when_every_pod_is_updated_and_available(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset())
    assert wait(cluster) == (0, {"digest": NEW, "pods": 3}, "")
    assert cluster.calls == ["-n kube-system get daemonset traefik --ignore-not-found -o json"]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("", "there is no DaemonSet traefik yet"),
        (daemonset("fedcba9876543210"), "the DaemonSet has values fedcba9876543210, not 0123456789abcdef yet"),
        ({"metadata": {"generation": 2}, "status": COMPLETE}, "the DaemonSet has values none"),
        (daemonset(observedGeneration=1), "the DaemonSet controller has not processed the new values yet"),
        (daemonset(updatedNumberScheduled=2), "of 3 pods, 2 are updated and 3 are available"),
        (daemonset(numberAvailable=2), "of 3 pods, 3 are updated and 2 are available"),
        (daemonset(desiredNumberScheduled=0, updatedNumberScheduled=0, numberAvailable=0), "of 0 pods"),
    ],
)
def test_an_incomplete_rollout_times_out_with_its_reason(cluster: FakeCluster, seen: Any, said: str) -> None:
    cluster.answer("*get daemonset *", seen)
    job(cluster)
    code, _, error = wait(cluster)
    assert code == 1
    assert f"after 1 s {said}" in error
    assert "UPGRADE FAILED" in error, "whoever waits wants to read Helm's own words"


def test_a_slow_rollout_is_awaited(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"), once=True)
    cluster.answer("*get daemonset *", daemonset(updatedNumberScheduled=1), once=True)
    cluster.answer("*get daemonset *", daemonset())
    job(cluster, restarts=2)
    code, answer, _ = wait(cluster, "30", settled=10)
    assert (code, answer["pods"]) == (0, 3)


def test_values_that_helm_refuses_fail_early_with_helms_own_log(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"))
    job(cluster, restarts=3)
    code, _, said = wait(cluster, "60")
    assert code == 1
    assert (
        "job helm-install-traefik (u1) has given up or has failed 3 times; the log of Helm:\nError: UPGRADE FAILED"
        in said
    )


def test_a_job_that_gave_up_fails_early(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"))
    job(cluster, status={"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]})
    assert "has given up" in wait(cluster, "60")[2]


def test_a_chart_marked_as_failed_fails_early_with_its_message(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"))
    conditions = [{"type": "JobCreated", "status": "False"}, {"type": "Failed", "status": "True", "message": "no job"}]
    job(cluster, chart={"status": {"conditions": conditions}})
    assert "HelmChart traefik has failed: no job" in wait(cluster, "60")[2]


def test_the_two_attempts_of_a_first_boot_do_not_fail(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"))
    job(cluster, restarts=2)
    assert "after 1 s" in wait(cluster)[2], "the chart's CRDs come a moment after the chart"


def test_a_failure_of_the_former_values_does_not_fail_the_new_ones(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset("none"), once=True)
    cluster.answer("*get daemonset *", daemonset("none"), once=True)
    cluster.answer("*get daemonset *", daemonset())
    job(cluster, restarts=9)
    assert wait(cluster, "30", settled=10)[0] == 0


def test_a_job_that_finally_succeeded_does_not_fail(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", daemonset(numberAvailable=1))
    job(cluster, restarts=5, status={"succeeded": 1})
    assert "after 1 s of 3 pods" in wait(cluster)[2]


def test_a_short_outage_of_the_api_is_tolerated(cluster: FakeCluster) -> None:
    cluster.answer("*get daemonset *", "connection refused\n", code=1, once=True)
    cluster.answer("*get daemonset *", daemonset())
    code, _, said = wait(cluster, "30")
    assert (code, said) == (0, "")
