"""Runs work that is done once as Jobs: under a recorded name, with a deadline, retries and a recorded result; pure.

The status names a Job before it is created, so that an operator that restarts finds it and creates no second one. What
a Job does has to bear a repetition: one that is gone before its result is on record runs again under the same name.

A finished Job is no longer rendered. Kubernetes removes it by `ttlSecondsAfterFinished`, and until then its logs can be
read. Source of the conditions and reasons: batch/v1, JobStatus (FailureTarget since Kubernetes 1.31).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from alluxio_operator.api.status import JobRun
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import At, Gate, blocked, waiting
from alluxio_operator.kube.kinds import Object
from alluxio_operator.kube.text import digest
from alluxio_operator.transport.printable import printable

LONGEST_NAME: Final = 63
"""Characters: the pods of a Job carry its name as the value of a label."""
LONGEST_MESSAGE: Final = 512

BACKOFF_LIMIT: Final = "BackoffLimitExceeded"
DEADLINE: Final = "DeadlineExceeded"
FAILURE_POLICY: Final = "PodFailurePolicy"
"""Reasons of a failed Job: too many pods failed, it ran too long, an exit code that no retry mends."""
NOT_CREATED: Final = "JobNotCreated"
NOT_STARTED: Final = "PodNotStarted"
"""Reasons of an attempt that the operator ends: the API server took no such Job, or no container of it started."""


class Trouble(Protocol):
    """What keeps a pod from running."""

    @property
    def reason(self) -> str:
        """One word for programs."""
        ...

    @property
    def message(self) -> str:
        """A sentence for people, such as the last words of the pod."""
        ...


class JobPhase(enum.Enum):
    """How far a Job got."""

    PENDING = "Pending"
    """None of its pods was started."""
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a Job; `reason` and `message` are those of its failure, in the words of Kubernetes."""

    phase: JobPhase
    reason: str = ""
    message: str = ""

    @property
    def finished(self) -> bool:
        """Whether none of its pods runs any more."""
        return self.phase in (JobPhase.COMPLETE, JobPhase.FAILED)


def state_of(job: Object) -> JobState:
    """Return the state of a batch/v1 Job.

    A Job with FailureTarget or SuccessCriteriaMet still runs: its pods are ending, and a next attempt would meet them.
    """
    status: Mapping[str, Any] = job.get("status", {})
    true = {one["type"]: one for one in status.get("conditions", ()) if one["status"] == "True"}
    if "Complete" in true:
        return JobState(JobPhase.COMPLETE)
    if failed := true.get("Failed"):
        return JobState(JobPhase.FAILED, failed.get("reason", ""), failed.get("message", ""))
    started = any(status.get(count) for count in ("active", "succeeded", "failed", "terminating"))
    return JobState(JobPhase.RUNNING if started else JobPhase.PENDING)


def is_left_to_ttl(job: Object) -> bool:
    """Return True if Kubernetes removes a Job: it has finished, and has a time to live."""
    return "ttlSecondsAfterFinished" in job["spec"] and state_of(job).finished


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How long a Job may run, how often it is tried, and how long it stays."""

    deadline: timedelta
    """From its start, pods that wait for a node or an image included."""
    attempts: int = 3
    """Jobs, one after the other, each under a name of its own."""
    pause: timedelta = timedelta(seconds=30)
    """Before the second attempt; each further pause is twice as long."""
    longest_pause: timedelta = timedelta(minutes=10)
    pods: int = 1
    """Pods of one Job, one after the other."""
    stays: timedelta = timedelta(hours=1)
    """After its end. An operator that is away for longer loses the result and runs the Job again."""
    creation: timedelta = timedelta(minutes=20)
    """Time within which the API server has to accept a Job; after that the attempt has failed."""
    start: timedelta | None = None
    """Time within which a container of a Job has to start; None for as long as the deadline."""
    hopeless: frozenset[str] = frozenset({FAILURE_POLICY})
    """Reasons of a failure after which no further attempt is made."""

    def pause_after(self, attempt: int) -> timedelta:
        """Return the pause after an attempt, counted from 0."""
        # Bounded before the power is taken: a timedelta doesn't hold every number.
        return min(self.pause * 2 ** min(attempt, 30), self.longest_pause) if self.pause else self.pause

    def gives_up(self, attempt: int, reason: str) -> bool:
        """Return True if a failed attempt, counted from 0, was the last."""
        return attempt + 1 >= self.attempts or reason in self.hopeless


@dataclass(frozen=True, slots=True)
class JobStep:
    """The run to record before its Job is created, whether to render that Job, and the gate of the work."""

    run: JobRun
    rendered: bool
    gate: Gate


def job_name(base: str, attempt: int) -> str:
    """Return the name of an attempt, counted from 0; a base that is too long is cut and made unique by a digest."""
    suffix = f"-{attempt}" if attempt else ""
    if len(base) + len(suffix) <= LONGEST_NAME:
        return f"{base}{suffix}"
    suffix = f"-{digest(base)}{suffix}"
    # No part of a name between dots begins with a hyphen. One that ends with a hyphen stays as it has been recorded.
    return f"{base[: LONGEST_NAME - len(suffix)].rstrip('.')}{suffix}"


def is_of(run: JobRun, base: str) -> bool:
    """Return True if a run is an attempt at the work that `base` names."""
    return run.name == job_name(base, run.attempt)


def next_job_step(
    gate: str, base: str, before: JobRun | None, job: Object | None, policy: JobPolicy, now: datetime,
    trouble: Trouble | None = None, *, started: bool = True,
) -> JobStep:  # fmt: skip
    """Return the next step of the work that `base` names.

    `gate` is the type of the gate, `before` the run on record, `job` the Job of that run's name as it was read, and
    `trouble` that of its pods. `started`: a container of them has started. Work that has no run on record starts from
    its first attempt.
    """
    if before is None or not is_of(before, base):
        return _begin(gate, JobRun(name=job_name(base, 0), state="Requested", since=stamp(now)))
    if before.state == "Completed":
        return JobStep(before, False, _completed(gate, before))
    if before.state == "Failed":
        return _after_failure(gate, base, before, policy, now)
    if before.state not in ("Requested", "Running"):
        # A newer operator wrote it. What it means is unknown, so its Job stays as it is.
        message = f"Job {before.name} is on record as {before.state}, which this version of the operator doesn't know"
        remedy = "run the version that wrote it, or a newer one"
        return JobStep(before, job is not None, blocked(gate, "StateUnknown", f"{message}: {remedy}"))
    if job is None:
        if before.state == "Requested" and now - moment(before.since) >= policy.creation:
            said = f"the API server hasn't accepted it since {before.since}; condition ConfigurationApplied reports why"
            return _after_failure(gate, base, _ended(before, NOT_CREATED, said, now), policy, now)
        return _begin(gate, _in_state(before, "Requested", now, before.message))
    state = state_of(job)
    if state.phase is JobPhase.COMPLETE:
        done = _in_state(before, "Completed", now, "")
        return JobStep(done, False, _completed(gate, done))
    said = trouble.message if trouble else before.message
    if state.phase is JobPhase.FAILED:
        failed = _in_state(before, "Failed", now, _last_words(state, said)).model_copy(update={"reason": state.reason})
        return _after_failure(gate, base, failed, policy, now)
    running = _in_state(before, "Running", now, said)
    waits = not started or state.phase is JobPhase.PENDING
    if waits and policy.start is not None and now - moment(running.since) >= policy.start:
        why = said or "it waits for a node, a volume or an image"
        ended = _ended(running, NOT_STARTED, f"none of its containers has started since {running.since}: {why}", now)
        return _after_failure(gate, base, ended, policy, now)
    return JobStep(running, True, _running(gate, running, state, trouble))


def job_spec(policy: JobPolicy) -> Mapping[str, Any]:
    """Return the fields of a Job's spec that carry out a policy, by their names in batch/v1.

    Its pods need `restartPolicy: Never`: with OnFailure, Kubernetes deletes the pod of a failed Job, and its last words
    and logs with it.
    """
    return {
        "activeDeadlineSeconds": int(policy.deadline.total_seconds()),
        "backoffLimit": policy.pods - 1,
        "ttlSecondsAfterFinished": int(policy.stays.total_seconds()),
    }


def stand_in_metadata(
    own: Mapping[str, str], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Mapping[str, Mapping[str, str]]:
    """Return the metadata of a pod that stands in for another one, with that one's labels and annotations.

    Policies of a network, of admission or of billing select by them. `own` labels win: selectors of workloads and
    Services must not select a stand-in.
    """
    return {"labels": {**labels, **own}, "annotations": dict(annotations)}


def _begin(gate: str, run: JobRun) -> JobStep:
    return JobStep(run, True, waiting(gate, f"Job {run.name} is about to start", "JobPending"))


def _after_failure(gate: str, base: str, failed: JobRun, policy: JobPolicy, now: datetime) -> JobStep:
    tries = f"attempt {failed.attempt + 1} of {policy.attempts}"
    said = f"Job {failed.name} failed ({tries}): {failed.message}"
    if policy.gives_up(failed.attempt, failed.reason):
        return JobStep(failed, False, blocked(gate, failed.reason or "JobFailed", said))
    due = moment(failed.since) + policy.pause_after(failed.attempt)
    if now < due:
        again = f"{said}; the next attempt starts at {stamp(due)}"
        return JobStep(failed, False, Gate(gate, False, failed.reason or "JobFailed", again, requeue=At(due)))
    attempt = failed.attempt + 1
    # The message stays: until this attempt says something, it is what is known of the trouble.
    update = {"name": job_name(base, attempt), "attempt": attempt, "reason": ""}
    return _begin(gate, _in_state(failed.model_copy(update=update), "Requested", now, failed.message))


def _running(gate: str, run: JobRun, state: JobState, trouble: Trouble | None) -> Gate:
    if trouble:
        return Gate(gate, False, trouble.reason, f"Job {run.name}: {trouble.message}")
    if state.phase is JobPhase.PENDING:
        return waiting(gate, f"Job {run.name} is about to start", "JobPending")
    return waiting(gate, f"Job {run.name} is running", "JobRunning")


def _completed(gate: str, run: JobRun) -> Gate:
    return Gate(gate, True, "Completed", f"Job {run.name} completed at {run.since}")


def _ended(run: JobRun, reason: str, message: str, now: datetime) -> JobRun:
    return _in_state(run, "Failed", now, message).model_copy(update={"reason": reason})


def _last_words(state: JobState, said: str) -> str:
    return "; ".join(part for part in (said, state.message or state.reason) if part) or "it doesn't say why"


def _in_state(run: JobRun, state: str, now: datetime, message: str) -> JobRun:
    since = run.since if run.state == state else stamp(now)
    return run.model_copy(update={"state": state, "since": since, "message": printable(message)[:LONGEST_MESSAGE]})
