"""Pods as the API server shows them, and what of it keeps them from running."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW, container_status, later, pod, ready_pod

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.workloads.missing import Missing
from alluxio_operator.workloads.pods import Pod, Trouble, first_trouble, gist, has_begun, is_starting, parse_pod

BACKOFF = {
    "reason": "CrashLoopBackOff",
    "message": "back-off 40s restarting failed container=master pod=small-master-0_data(abc)",
}
TRACE = """2030-01-02 03:04:05,678 INFO  MetricsSystem - Starting sinks with config: {}.
2030-01-02 03:04:06,123 ERROR ProcessUtils - Uncaught exception while running Alluxio master @small-master-0.
java.lang.RuntimeException: Failed to create the journal: no space left on device
\tat alluxio.master.AlluxioMasterProcess.start(AlluxioMasterProcess.java:222)
\tat alluxio.master.AlluxioMaster.main(AlluxioMaster.java:45)
Caused by: java.io.IOException: No space left on device
\t... 7 more
"""


def trouble(**options) -> Trouble | None:
    return parse_pod(pod("master", **options)).trouble


def waits(reason: str, message: str = "", name: str = "master", **more) -> list:
    return [container_status(name, waiting={"reason": reason, "message": message}, **more)]


def test_a_ready_pod():
    assert parse_pod(ready_pod("worker", "small-worker-3", ip="10.1.2.3")) == Pod(
        name="small-worker-3",
        role="worker",
        ip="10.1.2.3",
        running=True,
        ready=True,
        served=True,
        container_started=NOW,
        begun=True,
    )


@pytest.mark.parametrize(
    ("state", "begun"),
    [
        ({"waiting": {"reason": "PodInitializing"}}, False),
        ({"running": {"startedAt": stamp(NOW)}}, True),
        ({"waiting": {"reason": "CrashLoopBackOff"}, "last": {"exitCode": 1}}, True),
    ],
)
def test_a_pod_has_begun_once_a_container_has_started(state: dict, begun: bool):
    own = container_status("master", **state)
    assert parse_pod(pod("master", containers=[own])).begun is begun
    assert has_begun([parse_pod(pod("master", containers=[own]))]) is begun
    assert has_begun([])


def test_a_pod_starts_until_the_startup_probe_of_its_own_container_succeeds():
    own = container_status("worker", running={"startedAt": stamp(NOW)})
    other = container_status("job-worker", ready=True, running={"startedAt": stamp(later(-60))})

    found = parse_pod(pod("worker", containers=[other, own]))
    assert (found.starting, found.container_started) == (True, NOW)
    found = parse_pod(pod("worker", containers=[other, {**own, "started": True}]))
    assert (found.starting, found.container_started) == (False, NOW)
    found = parse_pod(pod("worker", containers=[other, container_status("worker", waiting={"reason": "x"})]))
    assert (found.starting, found.container_started) == (False, None)


def test_a_pod_that_is_being_deleted_neither_runs_nor_troubles():
    found = parse_pod(pod("master", ready=True, deleted=True, containers=waits("CrashLoopBackOff")))

    assert (found.running, found.ready, found.trouble) == (False, False, None)


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed", "Unknown"])
def test_only_a_running_pod_with_an_address_is_asked(phase: str):
    assert not parse_pod(pod("master", phase=phase)).running
    assert not parse_pod(pod("master", ip="")).running


def test_a_pod_without_status_and_labels_is_nobodys():
    assert parse_pod({"metadata": {"name": "x"}}) == Pod("x", "", "", running=False, ready=False)


def test_a_pod_that_no_node_takes():
    said = "0/3 nodes are available: 3 Insufficient memory."

    assert trouble(phase="Pending", unschedulable=said, containers=[]) == Trouble(
        "Unschedulable", f"pod small-master-0: {said}"
    )


@pytest.mark.parametrize("reason", ["ErrImageNeverPull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_a_container_that_cannot_start(reason: str):
    assert trouble(phase="Pending", containers=waits(reason, "it is like this")) == Trouble(
        reason, "pod small-master-0, container master: it is like this"
    )


def test_a_container_that_lacks_a_secret_says_which():
    said = "couldn't find key id in Secret data/keys"

    assert trouble(phase="Pending", containers=waits("CreateContainerConfigError", said)) == Trouble(
        "SecretKeyMissing",
        "pod small-master-0, container master: Secret keys has no key id",
        Missing("Secret", "keys", "id"),
    )


def test_a_container_that_waits_without_a_message():
    assert trouble(containers=waits("ErrImagePull")) == Trouble(
        "ImagePullBackOff", "pod small-master-0, container master: waiting"
    )


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_container_that_is_about_to_start_is_no_trouble(reason: str):
    assert trouble(phase="Pending", containers=waits(reason)) is None


def phases(ended: dict[str, Any], name: str = "master") -> list[Trouble | None]:
    """Return the trouble that each phase of a crash loop shows, from its second crash on."""
    back_off = [
        {"reason": "CrashLoopBackOff", "message": f"back-off {wait} restarting failed container={name} pod=x_y(z)"}
        for wait in ("10s", "20s", "5m0s")
    ]
    states: list[dict[str, Any]] = [
        *({"waiting": one, "last": ended} for one in back_off),
        {"running": {}, "last": ended},
        {"terminated": ended, "last": ended},
    ]
    return [trouble(containers=[container_status(name, restarts=3, **state)]) for state in states]


@pytest.mark.parametrize(
    ("ended", "reason", "detail"),
    [
        (
            {"exitCode": 255, "reason": "Error", "message": TRACE},
            "CrashLoopBackOff",
            "java.lang.RuntimeException: Failed to create the journal: no space left on device",
        ),
        ({"exitCode": 2, "reason": "Error"}, "CrashLoopBackOff", "exit code 2"),
        ({"exitCode": 137, "reason": "OOMKilled"}, "OOMKilled", "exit code 137"),
        ({"exitCode": 0, "reason": "Completed"}, "CrashLoopBackOff", "exit code 0"),
        ({"exitCode": 128, "reason": "StartError", "message": "no such file"}, "RunContainerError", "no such file"),
    ],
)
def test_each_phase_of_a_crash_loop_shows_the_same_trouble(ended: dict[str, Any], reason: str, detail: str):
    expected = Trouble(reason, f"pod small-master-0, container master: {detail}", looping=True)

    assert phases(ended) == [expected] * 5


def test_a_container_that_cannot_be_run_shows_the_same_between_its_tries():
    said = 'runc create failed: exec: "/entrypoint.sh": not found'
    tries = [
        container_status("master", waiting={"reason": "RunContainerError", "message": said}),
        container_status(
            "master", waiting=BACKOFF, last={"exitCode": 128, "reason": "StartError", "message": said}, restarts=1
        ),
    ]

    found = [trouble(containers=[one]) for one in tries]

    assert [(one.reason, one.message) for one in found if one] == [
        ("RunContainerError", f"pod small-master-0, container master: {said}")
    ] * 2


def test_an_image_that_cannot_be_pulled_shows_the_same_between_the_tries():
    said = 'failed to pull and unpack image "x:1": not found'
    tries = (("ErrImagePull", said), ("ImagePullBackOff", f'Back-off pulling image "x:1": ErrImagePull: {said}'))

    found = {trouble(phase="Pending", containers=waits(reason, message)) for reason, message in tries}

    assert found == {Trouble("ImagePullBackOff", f"pod small-master-0, container master: {said}")}


def test_a_pod_that_is_not_restarted_is_in_no_crash_loop():
    made = pod("job", containers=[container_status("job", terminated={"exitCode": 1, "reason": "Error"})])
    made["spec"] = {**made.get("spec", {}), "restartPolicy": "Never"}

    assert parse_pod(made).trouble == Trouble("Error", f"pod {made['metadata']['name']}, container job: exit code 1")


def test_last_words_reach_the_status_without_escape_sequences():
    said = "\x1b[31mError: \x1b]52;c;cm0gLXJm\x07lost\x1b[0m the \u202eway\x9b2J"

    assert gist(said) == "Error: lost the way"
    found = trouble(containers=waits("CreateContainerError", said))
    assert found is not None
    assert found.message.isprintable()


def test_a_container_that_was_killed_for_its_memory_says_so_while_it_starts_again():
    last = {"exitCode": 137, "reason": "OOMKilled"}
    found = trouble(containers=[container_status("worker", running={}, last=last)])

    assert found == Trouble("OOMKilled", "pod small-master-0, container worker: exit code 137")


def test_once_it_is_ready_again_its_end_is_forgotten():
    last = {"exitCode": 137, "reason": "OOMKilled"}

    assert trouble(ready=True, containers=[container_status("worker", ready=True, running={}, last=last)]) is None


def test_a_container_that_ended_in_an_error_a_moment_ago():
    ended = {"exitCode": 1, "reason": "Error", "message": "Error: Could not find or load main class x\n"}

    assert trouble(containers=[container_status("master", terminated=ended)]) == Trouble(
        "CrashLoopBackOff", "pod small-master-0, container master: Error: Could not find or load main class x"
    )


def test_a_container_that_has_done_its_work_is_no_trouble():
    assert trouble(phase="Succeeded", containers=[container_status("journal", terminated={"exitCode": 0})]) is None


@pytest.mark.parametrize("state", ["between two tries", "waiting for the next"])
def test_a_master_without_its_journal(state: str):
    ended = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    check = (
        container_status("journal-check", terminated=ended)
        if state == "between two tries"
        else container_status("journal-check", waiting=BACKOFF, last=ended)
    )

    found = trouble(phase="Pending", inits=[check], containers=waits("PodInitializing"))

    assert found == Trouble("JournalMissing", "pod small-master-0: no journal below /journal/raft")


def test_a_journal_that_came_back_is_no_trouble_any_more():
    ended = {"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft\n"}
    check = container_status("journal-check", ready=True, terminated={"exitCode": 0}, last=ended)

    assert trouble(inits=[check]) is None


def test_the_first_troubled_container_is_named():
    found = trouble(containers=[container_status("worker", ready=True, running={}), *waits("ErrImagePull", name="job")])

    assert found is not None
    assert "container job" in found.message


def test_the_first_trouble_of_several_pods():
    pods = [parse_pod(ready_pod("worker")), parse_pod(pod("worker", "w1", containers=waits("ErrImagePull")))]

    assert first_trouble(pods) == pods[1].trouble
    assert first_trouble(pods[:1]) is None
    assert first_trouble([]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRACE, "java.lang.RuntimeException: Failed to create the journal: no space left on device"),
        ("one\n\ntwo\n\n", "two"),
        ("Error: Invalid or corrupt jarfile x.jar\nmore", "Error: Invalid or corrupt jarfile x.jar"),
        ("INFO an Exception in the middle of a line\nlast", "last"),
        ("Exception in thread main java.lang.Error: x\nlast", "Exception in thread main java.lang.Error: x"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_the_line_that_tells_most(text: str, said: str):
    assert gist(text) == said


DENIED = """java.lang.RuntimeException: Failed to start masters
\tat alluxio.Registry.start(Registry.java:152)
Caused by: java.util.concurrent.ExecutionException: alluxio.underfs.s3a.AlluxioS3Exception: 403 Forbidden:Forbidden
\tat java.base/java.util.concurrent.FutureTask.report(FutureTask.java:122)
Caused by: com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)
\tat com.amazonaws.http.AmazonHttpClient.execute(AmazonHttpClient.java:719)
\t... 27 more
2030-01-02 03:04:06,170 INFO  [main](ProcessUtils.java:161) - Logging metrics and jstack on MASTER exit...
"""


REFUSED = """2030-01-02 03:04:06,101 WARN  [main](RaftServer.java:88) - retrying
java.net.ConnectException: small-master-1: Connection refused
2030-01-02 03:04:06,123 ERROR [main](AlluxioMasterProcess.java:9) - Fatal error: failed to start
java.lang.RuntimeException: Failed to create the journal
Caused by: java.nio.file.AccessDeniedException: /journal/raft
2030-01-02 03:04:06,130 ERROR [stop](MasterClient.java:7) - failed to stop
java.lang.IllegalStateException: no leader
Caused by: java.net.ConnectException: Connection refused
"""


def test_the_first_error_counts_and_not_its_consequence_or_an_earlier_warning():
    cause = "java.lang.RuntimeException: Failed to create the journal; caused by java.nio.file.AccessDeniedException: "

    assert gist(REFUSED) == f"{cause}/journal/raft"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2030-01-02 03:04:06,123 ERROR [main](Format.java:9) - No space on /journal\nbye", "No space on /journal"),
        ("2030-01-02T03:04:06.123Z\tERROR\tmain\tcom.facebook.X\tNo such catalog\nbye", "No such catalog"),
        (
            "2030-01-02T03:04:06.123Z\tERROR\tmain\tio.trino.server.Server\tConfiguration is invalid\n"
            "1) Error: Configuration property 'a.b' was not used\n"
            "com.facebook.airlift.bootstrap.ApplicationConfigurationException: Configuration errors:\n",
            "Configuration property 'a.b' was not used",
        ),
        ("2030-01-02 03:04:06,1 WARN [main](A.java:9) - hm\njava.io.IOException: x\nbye", "java.io.IOException: x"),
    ],
)
def test_the_first_error_of_each_sort_of_log(text: str, said: str):
    assert gist(text) == said


def test_a_cause_that_says_more_than_its_exception_is_said_too():
    assert gist(DENIED) == (
        "java.lang.RuntimeException: Failed to start masters; caused by "
        "com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)"
    )


def test_of_a_trace_that_lost_its_beginning_the_cause_is_said():
    cause = "com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)"

    assert gist(DENIED.partition("\n")[2]) == cause
    rest = DENIED[DENIED.index("(Service") :]
    assert gist(rest) == "(Service: Amazon S3; Status Code: 403)"


def test_a_long_line_is_cut():
    assert len(gist("x" * 1000)) == 300
    assert gist("x" * 300) == "x" * 300


# --- failing --------------------------------------------------------------------------------------------------------

RUNS = {"startedAt": "2030-01-01T00:00:00Z"}
BACK_OFF = {"reason": "CrashLoopBackOff", "message": "back-off"}


@pytest.mark.parametrize(
    ("containers", "failing"),
    [
        ([{"name": "worker", "state": {"running": RUNS}, "started": True}], False),
        ([{"name": "worker", "state": {"running": RUNS}, "started": False}], True),
        ([{"name": "worker", "state": {"running": RUNS}, "started": False, "restartCount": 1}], True),
        ([{"name": "worker", "state": {"waiting": BACK_OFF}}], True),
        ([{"name": "worker", "state": {"terminated": {"exitCode": 1}}, "restartCount": 2}], True),
        (
            [
                {"name": "worker", "state": {"running": RUNS}, "started": True},
                {"name": "job-worker", "state": {"waiting": BACK_OFF}},
            ],
            False,
        ),
        (
            [
                {"name": "worker", "state": {"waiting": BACK_OFF}},
                {"name": "job-worker", "state": {"running": RUNS}, "started": True},
            ],
            True,
        ),
    ],
    ids=[
        "runs",
        "never served",
        "restarted, and never served",
        "crash loop",
        "crashed",
        "job worker crashes",
        "worker crashes",
    ],
)
def test_only_the_container_of_its_role_makes_a_pod_fail(containers: list[dict[str, Any]], failing: bool):
    found = pod("worker", containers=containers)

    assert parse_pod(found).failing is failing


@pytest.mark.parametrize(("changed", "served"), [("00:00:01Z", False), ("00:10:00Z", True)])
def test_a_pod_whose_readiness_changed_after_its_start_has_served(changed: str, served: bool):
    """After a restart of its container it may hold what the run before left, so it isn't failing while it starts."""
    restarted = {"name": "worker", "state": {"running": RUNS}, "started": False, "restartCount": 1}
    found = pod("worker", containers=[restarted])
    found["status"]["startTime"] = "2030-01-01T00:00:00Z"
    found["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "lastTransitionTime": f"2030-01-01T{changed}"}
    ]

    assert (parse_pod(found).served, parse_pod(found).failing) == (served, not served)


BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
ENDED = {"exitCode": 1, "reason": "Error"}


@pytest.mark.parametrize(
    ("containers", "inits", "starting"),
    [
        ([container_status("worker", running={})], [], True),
        ([container_status("worker", waiting={"reason": "ContainerCreating"})], [], True),
        ([], [container_status("check", terminated={"exitCode": 0})], True),
        ([container_status("worker", running={}), container_status("job-worker", **BACK_OFF)], [], True),
        ([container_status("worker", **BACK_OFF)], [], False),
        ([container_status("worker", waiting={"reason": "ErrImagePull"})], [], False),
        ([container_status("worker", terminated=ENDED)], [], False),
        ([container_status("worker", running={}, last=ENDED)], [], False),
        ([], [container_status("check", running={}, last=ENDED)], False),
        ([], [container_status("check", **BACK_OFF)], False),
    ],
    ids=[
        "runs", "is created", "init ended", "another crashes", "crashes", "no image", "ended", "restarted",
        "init restarted", "init crashes",
    ],
)  # fmt: skip
def test_a_pod_starts_until_it_serves_or_fails(containers: list[Any], inits: list[Any], starting: bool):
    found = pod("worker", phase="Pending", containers=containers, inits=inits)
    found["status"]["startTime"] = stamp(NOW)

    assert (parse_pod(found).starting_since == NOW) is starting
    assert is_starting(parse_pod(found), later(119)) is starting
    assert not is_starting(parse_pod(found), later(120)), "a start that hangs can be replaced"


def test_a_pod_that_has_served_no_node_or_an_end_does_not_start():
    served, unscheduled, deleted, failed = (
        ready_pod("worker"),
        pod("worker", containers=[], unschedulable="no node"),
        pod("worker", deleted=True),
        pod("worker", phase="Failed"),
    )
    for one in (served, deleted, failed):
        one["status"]["startTime"] = stamp(NOW)

    assert [parse_pod(one).starting_since for one in (served, unscheduled, deleted, failed)] == [None] * 4


@pytest.mark.parametrize(("phase", "failing"), [("Pending", True), ("Running", False)])
def test_a_pod_that_waits_for_a_node_or_a_volume_fails(phase: str, failing: bool):
    assert parse_pod(pod("worker", phase=phase, containers=[])).failing is failing


def test_a_pod_that_ends_fails_no_more():
    assert not parse_pod(
        pod("worker", deleted=True, containers=[{"name": "worker", "state": {"waiting": BACK_OFF}}])
    ).failing
