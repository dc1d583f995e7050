"""One reconcile, the same for every kind: observe, validate, decide, render, record, apply, execute, report, publish.

A kind implements the stages (`Logic`); the driver runs them in order. It reads the clock once. It records every object
and operation in the status before it creates or executes it. It publishes the status once, last.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.managed import REQUEUE_NOW, OwnerCache, Snapshot
from alluxio_operator.engine.operation import Answer, Effect, Perform, When, execute, intent_of
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.plan import Decision, Observation
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.render import RenderError
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.work import Outcome, OwnerKey, Request
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.deadline import Deadline

log = logging.getLogger(__name__)

O = TypeVar("O", bound=Observation)  # noqa: E741 (observation, model, plan)
M = TypeVar("M")
P = TypeVar("P", bound=Decision)


class Logic(Protocol[O, M, P]):
    """The stages of a reconcile for one kind; all except `observe`, `ask` and `executor` are pure."""

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> O | None:
        """Observe an owner; return None if it was deleted."""
        ...

    def validate(self, observed: O, now: datetime) -> M | tuple[Problem, ...]:
        """Return the typed resource, or all problems of its spec."""
        ...

    def questions(self, model: M, observed: O) -> Collection[str]:
        """Return the questions to answer before the decision."""
        ...

    def ask(self, look: Look, model: M, observed: O, questions: Collection[str]) -> O:
        """Return the observation with the answers to the questions."""
        ...

    def decide(self, model: M, observed: O, now: datetime) -> P:
        """Return the plan: manifests to apply, and operations."""
        ...

    def executor(self, kube: Kube, observed: O, applied: Applied, deadline: Deadline) -> Perform:
        """Return a function that performs the effects of operations."""
        ...

    def is_settled(self, plan: P, observed: O, applied: Applied) -> bool:
        """Return True if the resource is Ready and up to date with its current spec."""
        ...

    def report(self, plan: P, observed: O, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
        """Return the status of an owner after a reconcile."""
        ...

    def report_problems(self, problems: Sequence[Problem], observed: O, now: datetime) -> Report:
        """Return the status of an owner with an invalid spec."""
        ...

    def forget(self, key: OwnerKey) -> None:
        """Drop the cached state of a deleted owner."""
        ...


class BaseLogic(Generic[O, M, P]):
    """Defaults for a kind without questions and operations; a kind overrides the methods that it needs."""

    def questions(self, model: M, observed: O) -> Collection[str]:  # noqa: ARG002 (the signature of Logic)
        """Return no questions."""
        return ()

    def ask(self, look: Look, model: M, observed: O, questions: Collection[str]) -> O:  # noqa: ARG002
        """Return the observation unchanged."""
        return observed

    def executor(self, kube: Kube, observed: O, applied: Applied, deadline: Deadline) -> Perform:  # noqa: ARG002
        """Return a function that raises TypeError: there is no effect to perform."""
        return _refuse

    def is_settled(self, plan: P, observed: O, applied: Applied) -> bool:  # noqa: ARG002
        """Return False: no operation waits for Ready."""
        return False

    def forget(self, key: OwnerKey) -> None:
        """Do nothing: there is no cached state."""


def _refuse(effect: Effect) -> Answer:
    raise TypeError(f"this kind has no way to perform {effect!r}")


def _unrenderable(error: RenderError) -> Problem:
    return Problem(
        "spec",
        "",
        f"can't be turned into objects: {' '.join(str(error).split())}",
        "shorten keys of labels, annotations and selectors to the 317 characters that Kubernetes allows. If there is "
        "no such key, report a defect of the operator",
    )


class Driver(Generic[O, M, P]):
    """Reconciles the owners of one kind. Losing its cache costs calls only."""

    def __init__(self, logic: Logic[O, M, P], parts: Parts) -> None:
        self._logic = logic
        self._kube = parts.kube
        self._metrics = parts.metrics
        self._now = parts.now
        self._managed = parts.managed()

    def is_news(self, request: Request) -> bool:
        """Return False for an event of one of the operator's own writes."""
        return self._managed.is_news(request)

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Return requests for the owners with an object that has drifted."""
        return self._managed.drifted(namespaces)

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once."""
        kube, now, logic = self._kube.within(deadline), self._now(), self._logic
        with self._metrics.stage("observe"):
            observed = logic.observe(kube, request.key, deadline)
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            # Garbage collection deletes the objects by their owner references; the operator has nothing to finish.
            self._managed.forget(request.key)
            logic.forget(request.key)
            return Outcome()
        snapshot = Snapshot(observed.resource, observed.status)
        cache = self._managed.cache_of(request)
        with self._metrics.stage("validate"):
            model = logic.validate(observed, now)
        if isinstance(model, tuple):
            report = logic.report_problems(model, observed, now)
            return self._managed.publish(kube, snapshot, report, None, now)
        observed, plan = self._decided(kube, request.key, model, observed, now, deadline)
        if plan.context is None:
            report = logic.report(plan, observed, Applied(), (), now)
            return self._managed.publish(kube, snapshot, report, None, now)
        try:
            manifests = self._managed.render(plan.context, cache)
        except RenderError as error:
            # To retry helps nothing: only another spec, or another version of the operator, renders.
            log.error("%s: %s", request.key, error)
            report = logic.report_problems((_unrenderable(error),), observed, now)
            return self._managed.publish(kube, snapshot, report, None, now)
        if plan.paused:
            applied = self._managed.compare(kube, observed.resource, manifests, plan.until, cache, plan.rules)
        else:
            recorded = self._managed.record(kube, snapshot, manifests, cache, intent_of(plan.operations))
            if recorded is None:
                # The resource was changed or deleted since the observation.
                return REQUEUE_NOW
            snapshot, observed = recorded, observed.with_status(recorded.resource, recorded.status)
            plan, applied = self._carry_out(kube, plan, observed, manifests, cache, deadline)
        report = logic.report(plan, observed, applied, [manifest.ref for manifest in manifests], now)
        return self._managed.publish(kube, snapshot, report, applied, now)

    def _decided(
        self, kube: Kube, key: OwnerKey, model: M, observed: O, now: datetime, deadline: Deadline
    ) -> tuple[O, P]:
        """Ask and decide until the plan has no open question; ask each question once."""
        asked: set[str] = set()
        look = Look(kube, key, now, deadline)
        questions = set(self._logic.questions(model, observed))
        while True:
            if questions:
                with self._metrics.stage("observe"):
                    observed = self._logic.ask(look, model, observed, questions)
                asked |= questions
            with self._metrics.stage("decide"):
                plan = self._logic.decide(model, observed, now)
            questions = set(plan.questions) - asked
            if not questions:
                return observed, plan

    def _carry_out(
        self, kube: Kube, plan: P, observed: O, manifests: Sequence[Any], cache: OwnerCache, deadline: Deadline
    ) -> tuple[P, Applied]:
        """Apply the manifests and perform the operations, each at its point. All are recorded by now."""
        before = Applied()
        plan = self._perform(When.BEFORE_APPLY, kube, plan, observed, before, deadline)
        applied = self._managed.apply(
            kube, observed.resource, observed.status.inventory, manifests, plan.until, cache, plan.held_templates,
            plan.recreate, plan.rules, plan.held_pod_templates,
        )  # fmt: skip
        applied.absorb(before)
        plan = self._perform(When.AFTER_APPLY, kube, plan, observed, applied, deadline)
        for ref in applied.deleted:
            cache.objects.pop(ref, None)
        waiting = any(one.when is When.ONCE_READY and one.effects for one in plan.operations)
        if waiting and self._logic.is_settled(plan, observed, applied):
            plan = self._perform(When.ONCE_READY, kube, plan, observed, applied, deadline)
        return plan, applied

    def _perform(self, when: When, kube: Kube, plan: P, observed: O, applied: Applied, deadline: Deadline) -> P:
        perform = self._logic.executor(kube, observed, applied, deadline)
        performed: P = plan.with_operations(execute(plan.operations, when, perform))
        return performed
