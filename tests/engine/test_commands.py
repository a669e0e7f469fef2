"""`python -m sandbox` as a person or a script meets it: what it prints where, how it ends, what it leaves."""

import json
import re
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sandbox.engine import processes
from tests.engine.conftest import Sandboxes

if TYPE_CHECKING:
    import subprocess

BAD = {"honeydue:zone": "no zone"}
OPERATORS = "honeydue:operators"


def objects(box: Sandboxes) -> set[tuple[str, str]]:
    """What stands, by kind and id."""
    stack = box()
    try:
        return {(item.kind, item.id) for item in stack.world.objects()}
    finally:
        stack.world.close()


def lines_until(process: "subprocess.Popen[str]", pattern: str) -> Iterator[str]:
    """The process's output up to the first line that matches."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if re.search(pattern, line):
            return
    raise AssertionError(f"it ended without a line like {pattern}")


def test_the_first_up_shows_what_stands_and_the_second_says_that_nothing_changes(sandbox: Sandboxes) -> None:
    first = sandbox.command("up")
    assert first.returncode == 0, first.stderr
    assert re.search(r"engine: pulumi \S+, .+ \(/.+\)", first.stderr), "which engine ran must be said"
    for heading in ("Resources", "Outputs", "Simulated"):
        assert heading in first.stdout, f"{heading} is missing from what stands"
    assert re.search(r"kubeconfig\s+\[secret\]", first.stdout), "the kubeconfig opens the cluster: it is masked"
    assert "\x1b[" not in first.stdout, "colours have no place in a log"
    wide = [line for line in first.stdout.partition("\nup: ")[2].splitlines() if len(line) > 80]
    assert not wide, f"wider than 80 columns: {wide}"

    second = sandbox.command("up")
    assert second.returncode == 0, second.stderr
    assert "Nothing changes" in second.stdout
    assert "Updating" not in second.stdout, "with nothing to do no update is run"


def test_export_prints_the_state_and_nothing_else_on_stdout(standing: Sandboxes) -> None:
    done = standing.command("export")
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout)
    assert state["deployment"]["resources"], "the state of a standing stack is not empty"
    assert "BEGIN PRIVATE KEY" not in done.stdout, "secrets stay encrypted in an export"
    assert "BEGIN OPENSSH PRIVATE KEY" not in done.stdout, "secrets stay encrypted in an export"


def test_export_before_the_first_up_tells_what_to_do(sandbox: Sandboxes) -> None:
    done = sandbox.command("export")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "python -m sandbox up" in done.stderr


def test_a_preview_that_expects_no_changes_fails_on_an_empty_world(sandbox: Sandboxes) -> None:
    done = sandbox.command("preview", "--expect-no-changes")
    assert done.returncode == 1, "a pipeline rests on the exit status"
    assert "no changes were expected" in done.stderr
    assert objects(sandbox) == set(), "a preview makes nothing"


@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_bad_stack_file_is_told_without_a_traceback_and_touches_nothing(sandbox: Sandboxes, command: str) -> None:
    done = sandbox.command(command, edits=BAD)
    assert done.returncode == 1
    assert "honeydue:zone" in done.stderr, "the message names the key"
    assert "no zone" in done.stderr, "and the value"
    assert "Traceback" not in done.stdout + done.stderr
    assert objects(sandbox) == set()


@pytest.mark.parametrize("operators", [[], None])
def test_a_file_without_operators_runs_with_the_laptops_and_is_said_to_be_incomplete(
    sandbox: Sandboxes, operators: list[str] | None
) -> None:
    done = sandbox.command("preview", edits={OPERATORS: operators})
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if OPERATORS in line]
    assert "Pulumi.sandbox.yaml lists no" in said
    assert "198.18.0.10/32" in said, "the operator must see which addresses the sandbox uses"


def test_bad_operators_are_refused_in_the_sandbox_as_in_production(sandbox: Sandboxes) -> None:
    done = sandbox.command("preview", edits={OPERATORS: ["203.0.113.10/32"]})
    assert done.returncode == 1
    assert "honeydue:operators[0]: '203.0.113.10/32'" in done.stderr
    assert "reserved for documentation" in done.stderr


def test_a_file_without_secrets_is_told_how_the_sandbox_makes_them_up(sandbox: Sandboxes) -> None:
    done = sandbox.command("up", edits={"sandbox:secrets": ["hcloud:token"]})
    assert done.returncode == 1
    assert re.search(r"cloudflare:apiToken, honeydue:adminUsers.*--generate-secrets", done.stderr)
    assert not sandbox.layout.world.exists()


def test_a_fault_that_can_not_be_is_refused_before_anything_starts(sandbox: Sandboxes) -> None:
    done = sandbox.command("up", "--fault", "hcloud:flood@1")
    assert done.returncode == 1
    assert "hcloud has no fault flood" in done.stderr
    assert not sandbox.layout.world.exists()


def test_refresh_lists_what_was_changed_by_hand(standing: Sandboxes) -> None:
    stack = standing()
    record = stack.world.objects("dns_record")[0]
    stack.world.delete(record.kind, record.id, place=record.place)
    stack.world.close()
    done = standing.command("refresh")
    assert done.returncode == 0, done.stderr
    assert re.search(r"DnsRecord\s+is gone", done.stdout), "drift must be readable"
    assert "refresh: no drift" in standing.command("refresh").stdout


def test_destroy_without_teardown_fails_with_the_engines_words_and_changes_nothing(standing: Sandboxes) -> None:
    before = objects(standing)
    done = standing.command("destroy")
    assert done.returncode == 1
    assert re.search("teardown|protect", done.stderr), "the refusal must say what would lift it"
    assert "Traceback" not in done.stderr
    assert objects(standing) == before, "a refused destroy must not have begun"


def test_destroy_with_teardown_lifts_the_protection_first_and_says_so(standing: Sandboxes) -> None:
    done = standing.command("destroy", edits={"honeydue:teardown": True})
    assert done.returncode == 0, done.stderr + done.stdout
    assert "removes the protection first" in done.stdout
    assert not {kind for kind, _ in objects(standing)} & {"server", "dns_record", "primary_ip", "network"}


def test_two_updates_at_once_come_one_after_the_other(sandbox: Sandboxes) -> None:
    both = [sandbox.start("up") for _ in range(2)]
    told = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sorted("Nothing changes" in out for out, _ in told) == [False, True]


def test_status_tells_what_stands_what_is_simulated_and_what_is_left_over(standing: Sandboxes) -> None:
    state = standing.layout.state_file("sandbox")
    done = standing.command("status")
    assert done.returncode == 0, done.stderr
    for told in ("engine: pulumi", "node1", "10.0.1.11", "api.sandbox.test", "Simulated"):
        assert told in done.stdout
    assert "Left over" not in done.stdout, "all of it belongs to the stack"
    state.unlink()
    assert re.search(r"Left over[^#]*node1", standing.command("status").stdout), (
        "without a state all of it is left over"
    )


def test_down_leaves_neither_files_nor_processes(standing: Sandboxes) -> None:
    done = standing.command("down")
    assert done.returncode == 0, done.stderr
    left = {path.name for path in standing.home.iterdir()} - {"files"}
    assert left == set(), "down means that a new start is a first start"
    assert processes.processes(standing.layout) == []
    assert standing.layout.plugins.exists(), "another sandbox's plugins are not this one's to delete"


def test_ctrl_c_ends_an_update_in_order_and_the_next_one_goes_on(sandbox: Sandboxes) -> None:
    process = sandbox.start("up")
    list(lines_until(process, r"index:Network .* created"))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from here" in stderr
    assert not list(sandbox.layout.locks("sandbox").glob("*.json")), "an interrupted engine must give up its lock"
    assert sandbox.command("up").returncode == 0
    assert_whole(sandbox)


@pytest.mark.parametrize(
    "after", [r"index:Network .* creating", r"index:Server node1 creating", r"OriginCaCertificate"]
)
def test_a_run_killed_in_the_middle_is_taken_up_without_a_duplicate(sandbox: Sandboxes, after: str) -> None:
    process = sandbox.start("up")
    list(lines_until(process, "^Updating"))
    list(lines_until(process, after))
    engines = [found.pid for found in processes.processes(sandbox.layout) if found.is_engine]
    assert engines, "the engine is at work"
    process.kill()
    processes.kill(engines)
    process.communicate(timeout=60)
    time.sleep(0.2)
    again = sandbox.command("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert_whole(sandbox)


def test_a_kill_cannot_leave_half_a_state(standing: Sandboxes) -> None:
    assert standing.layout.state_file("sandbox").exists()
    beside = [path.name for path in standing.layout.state.rglob("*.attrs")]
    assert not beside, "written in place, while the state is renamed into place: empty after a kill, no state opens"


def assert_whole(box: Sandboxes) -> None:
    """Nothing is left to do, and each object of the world belongs to exactly one resource."""
    stack = box()
    assert stack.preview().nothing_changes
    resources = stack.export()["deployment"]["resources"]
    known = [(entry["urn"], entry["id"]) for entry in resources if entry.get("id")]
    made = [(item.urn, item.id) for item in stack.world.objects() if item.urn]
    assert set(made) <= set(known), f"stands twice or is nobody's: {set(made) - set(known)}"
    assert len(made) == len(set(made))
    assert not [entry["urn"] for entry in resources if entry.get("delete")], "an old one still waits for its deletion"
