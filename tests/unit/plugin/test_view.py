"""What one screen says of a cluster."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from tests.support.builders import NOW

from alluxio_operator.plugin import screen
from alluxio_operator.plugin.plan import ObjectChange, Preview
from alluxio_operator.plugin.screen import console, preview
from alluxio_operator.plugin.view import cluster_view, healthy, recent_events, roles

Json = dict[str, Any]
WORDS = "at [/journal] [red]x[/red] :tada:"


def resource(**status: Any) -> Json:
    return {
        "metadata": {
            "namespace": "lake",
            "name": "small",
            "generation": 3,
            "creationTimestamp": "2030-01-02T02:04:05Z",
        },
        "spec": {"version": "2.9.4", "rootMount": {"uri": "s3://lake/warehouse"}},
        "status": {
            "observedGeneration": 3,
            "phase": "Ready",
            "summary": "1 workers, 256Mi of cache",
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Ready", "message": "as the spec says"},
                {"type": "MastersServing", "status": "True", "reason": "Serving", "message": "the leader serves"},
                {"type": "WorkersRegistered", "status": "False", "reason": "PodsRefused", "message": "the namespace"},
                {"type": "QuorumHealthy", "status": "Unknown", "reason": "Waiting", "message": ""},
            ],
            "masters": {"leader": "small-master-0", "quorum": "1/1", "version": "2.9.4"},
            "workers": {"live": 1, "wanted": 2, "lost": 1, "leaving": 3, "capacity": "256Mi", "usedPercent": 35},
            **status,
        },
    }


def pod(name: str, role: str, *, ready: bool = True, restarts: int = 0, waiting: Json | None = None) -> Json:
    return {
        "metadata": {"name": name, "labels": {"app.kubernetes.io/component": role}},
        "spec": {"nodeName": "node1", "containers": [{"name": role}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {"name": role, "restartCount": restarts, "state": {"waiting": waiting} if waiting else {"running": {}}}
            ],
        },
    }


def drawn(view: Any, *, terminal: bool = False, several: bool = False) -> str:
    file = io.StringIO()
    screen.console(file, terminal=terminal).print(screen.several([view]) if several else screen.one(view))
    return file.getvalue()


def test_gates_stand_apart_from_what_is_said_of_the_whole():
    view = cluster_view(resource(), (), (), NOW)

    assert [gate.type for gate in view.gates] == ["MastersServing", "WorkersRegistered", "QuorumHealthy"]
    assert [gate.holds for gate in view.gates] == [True, False, None]
    assert [gate.type for gate in view.overall] == ["Ready"]


def test_roles_are_counted_from_pods_and_the_first_trouble_is_named():
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    found = roles(
        [
            pod("small-worker-0", "worker", restarts=2),
            pod("small-worker-1", "worker", ready=False, waiting=waiting),
            pod("small-master-0", "master"),
            {**pod("small-journal-1", "journal"), "status": {"phase": "Succeeded"}},
        ]
    )

    assert [(one.role, one.ready, one.pods, one.restarts) for one in found] == [
        ("master", 1, 1, 0),
        ("worker", 1, 2, 2),
    ]
    assert found[1].trouble == "small-worker-1: ImagePullBackOff not found"


def test_starting_is_no_trouble():
    [role] = roles([pod("small-worker-0", "worker", ready=False, waiting={"reason": "ContainerCreating"})])

    assert role.trouble == ""


def test_changes_and_events_are_told_together_newest_first():
    history = [
        {"what": "Installed", "started": "2030-01-02T00:00:00Z", "ended": "2030-01-02T00:04:05Z", "message": ""},
        {"what": "Changed", "started": "2030-01-02T03:02:00Z", "by": "kubectl-edit", "message": "created: Job/a"},
    ]
    events = [
        {"reason": "Created", "message": "20 objects", "type": "Normal", "lastTimestamp": "2030-01-02T03:04:00Z",
         "metadata": {}},
        {"reason": "Old", "message": "", "type": "Warning", "eventTime": "2030-01-02T01:04:00Z", "metadata": {}},
    ]  # fmt: skip

    found = recent_events(history, events, NOW)

    assert [one.what for one in found] == ["Created", "Changed, in progress", "Old", "Installed"]
    assert [one.ago for one in found] == [5, 125, 7205, 10800]
    assert [one.message for one in found[:2]] == ["20 objects", "created: Job/a (by kubectl-edit)"]
    assert [one.warning for one in found] == [False, False, True, False]


def test_a_resource_that_nobody_looked_at_is_shown_too():
    fresh = resource()
    del fresh["status"]

    view = cluster_view(fresh, (), (), NOW)

    assert (view.phase, view.spec_observed) == ("Pending", False)
    assert "hasn't seen the latest spec" in drawn(view)


@pytest.mark.parametrize(
    ("phase", "well"), [("Ready", True), ("Stopped", True), ("Degraded", False), ("Invalid", False)]
)
def test_the_exit_code_says_whether_a_person_is_needed(phase: str, well: bool):
    assert healthy(cluster_view(resource(phase=phase), (), (), NOW)) is well


def test_one_screen_has_it_all_and_no_colours_in_a_pipe():
    view = cluster_view(resource(), [pod("small-master-0", "master")], (), NOW)

    text = drawn(view)

    for part in ("lake/small", "Ready", "small-master-0", "256Mi, 35% used", "1 of 2 live, 1 lost, 3 leaving", "60m",
                 "/ on s3://lake/warehouse", "✓  MastersServing", "✗  WorkersRegistered  PodsRefused"):  # fmt: skip
        assert part in text, text
    assert "\x1b[" not in text
    assert "\x1b[" in drawn(view, terminal=True)


def test_words_of_a_resource_are_never_taken_for_markup():
    said = {
        "type": "MastersServing",
        "status": "False",
        "reason": "Crash",
        "message": "at [/journal] [red]x[/red] :tada:",
    }

    assert WORDS in drawn(cluster_view(resource(conditions=[said]), (), (), NOW))


def test_many_clusters_are_a_line_each():
    lines = drawn(cluster_view(resource(), (), (), NOW), several=True).splitlines()

    assert len(lines) == 2
    assert lines[1].split()[:6] == ["lake", "small", "Ready", "2.9.4", "1/1", "1/2"]


def test_it_can_be_had_as_json():
    shown = json.loads(json.dumps(cluster_view(resource(), (), (), NOW).as_dict()))

    assert shown["gates"][1]["holds"] is False


def test_the_state_of_storage_is_told_where_it_is_known():
    known = {"uri": "s3://lake", "reachable": False, "lastError": "timeout"}

    assert cluster_view(resource(ufs=[known]), (), (), NOW).ufs == ("s3://lake (unreachable): timeout",)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-1, "0s"), (59, "59s"), (119, "119s"), (120, "2m"), (7200, "2h"), (180000, "2d")]
)
def test_time_spans_read_as_in_kubectl(seconds: float, shown: str):
    assert screen.duration(seconds) == shown


CLIPBOARD = "\x1b]52;c;cm0gLXJm\x07"


@pytest.mark.parametrize("terminal", [False, True])
def test_no_text_of_the_cluster_steers_the_terminal(terminal: bool):
    made = resource(summary=f"lost{CLIPBOARD}", history=[{"what": CLIPBOARD, "started": "2030-01-02T02:04:05Z"}])
    made["status"]["conditions"][0]["message"] = f"\x1b[2J{CLIPBOARD}"
    waiting = {"reason": "ImagePullBackOff", "message": f"not found{CLIPBOARD}"}
    event = {"reason": f"E{CLIPBOARD}", "message": CLIPBOARD, "metadata": {}, "lastTimestamp": "2030-01-02T02:04:05Z"}

    shown = drawn(cluster_view(made, [pod("w", "worker", waiting=waiting)], [event], NOW), terminal=terminal)

    assert "\x1b]" not in shown
    assert "\x07" not in shown
    assert "\x1b[2J" not in shown
    assert "lost" in shown


@pytest.mark.parametrize("terminal", [False, True])
def test_no_text_of_a_preview_steers_the_terminal(terminal: bool):
    hostile = f"lost{CLIPBOARD}"
    found = Preview((ObjectChange("change", hostile, (f"+ {hostile}",)),), (hostile,), (hostile,), hostile, (hostile,))
    file = io.StringIO()

    console(file, terminal=terminal).print(preview(found))

    assert "\x1b]" not in file.getvalue()
    assert "\x07" not in file.getvalue()
    assert file.getvalue().count("lost") == 6


def test_a_history_with_words_and_times_of_another_version_is_shown():
    history = [
        {"what": "Rebalanced", "started": "2030-01-02T02:04:05Z", "outcome": "Postponed"},
        {"what": "Scaled", "started": "yesterday", "to": "3 workers"},
        {"started": "2030-01-02T02:04:05Z"},
    ]

    found = recent_events(history, [], NOW)

    assert [one.what for one in found] == ["Rebalanced, in progress", "?, in progress"]
