"""One reconcile, the same for every kind: observe, validate, decide, render, record, apply, execute, report, publish.

A kind says what each of these means for it (`Logic`); the driver says in which order they happen. The time is read
once. Whatever is made or done is on record first. The status is written once, last.
"""

from __future__ import annotations

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
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.work import Outcome, OwnerKey, Request
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.deadline import Deadline

O = TypeVar("O", bound=Observation)  # noqa: E741 (observation, model, plan)
M = TypeVar("M")
P = TypeVar("P", bound=Decision)


class Logic(Protocol[O, M, P]):
    """What a reconcile means for one kind; everything but `observe`, `ask` and `executor` is pure."""

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> O | None:
        """Look at an owner; None when it is gone."""
        ...

    def validate(self, observed: O, now: datetime) -> M | tuple[Problem, ...]:
        """Return the typed resource, or all that is wrong with it."""
        ...

    def questions(self, model: M, observed: O) -> Collection[str]:
        """Return what has to be asked before anything can be decided."""
        ...

    def ask(self, look: Look, model: M, observed: O, questions: Collection[str]) -> O:
        """Return the observation with the answers to questions."""
        ...

    def decide(self, model: M, observed: O, now: datetime) -> P:
        """Return what is to be applied and done."""
        ...

    def executor(self, kube: Kube, observed: O, applied: Applied, deadline: Deadline) -> Perform:
        """Return what performs the effects of operations."""
        ...

    def is_settled(self, plan: P, observed: O, applied: Applied) -> bool:
        """Return True if the resource is Ready by its latest spec."""
        ...

    def report(self, plan: P, observed: O, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
        """Return the status of an owner that was reconciled."""
        ...

    def report_problems(self, problems: Sequence[Problem], observed: O, now: datetime) -> Report:
        """Return the status of an owner whose spec can't be followed."""
        ...

    def forget(self, key: OwnerKey) -> None:
        """Drop what is kept of an owner that is gone."""
        ...


class BaseLogic(Generic[O, M, P]):
    """Answers for a kind that asks nothing further and does nothing but apply; a kind replaces what it needs."""

    def questions(self, model: M, observed: O) -> Collection[str]:  # noqa: ARG002 (the signature of Logic)
        """Return what has to be asked before anything can be decided: nothing."""
        return ()

    def ask(self, look: Look, model: M, observed: O, questions: Collection[str]) -> O:  # noqa: ARG002
        """Return the observation with the answers to questions."""
        return observed

    def executor(self, kube: Kube, observed: O, applied: Applied, deadline: Deadline) -> Perform:  # noqa: ARG002
        """Return what performs the effects of operations: there is no effect to perform."""
        return _refuse

    def is_settled(self, plan: P, observed: O, applied: Applied) -> bool:  # noqa: ARG002
        """Return False: nothing is done once the resource is Ready."""
        return False

    def forget(self, key: OwnerKey) -> None:
        """Drop what is kept of an owner that is gone: nothing is kept."""


def _refuse(effect: Effect) -> Answer:
    raise TypeError(f"this kind doesn't say how {effect!r} is performed")


class Driver(Generic[O, M, P]):
    """Brings owners of one kind closer to their spec; what it keeps between calls may be lost at any time."""

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
        """Return requests for the owners of which an object is no longer as it was left."""
        return self._managed.drifted(namespaces)

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once."""
        kube, now, logic = self._kube.within(deadline), self._now(), self._logic
        with self._metrics.stage("observe"):
            observed = logic.observe(kube, request.key, deadline)
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            # Owner references delete the rest; there is nothing to finish that the API server doesn't finish itself.
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
        manifests = self._managed.render(plan.context, cache)
        if plan.paused:
            applied = self._managed.compare(kube, request.key, manifests, plan.until, cache)
        else:
            recorded = self._managed.record(kube, snapshot, manifests, cache, intent_of(plan.operations))
            if recorded is None:
                # Changed or deleted since it was read.
                return REQUEUE_NOW
            snapshot, observed = recorded, observed.with_status(recorded.resource, recorded.status)
            plan, applied = self._carry_out(kube, request.key, plan, observed, manifests, cache, deadline)
        report = logic.report(plan, observed, applied, [manifest.ref for manifest in manifests], now)
        return self._managed.publish(kube, snapshot, report, applied, now)

    def _decided(
        self, kube: Kube, key: OwnerKey, model: M, observed: O, now: datetime, deadline: Deadline
    ) -> tuple[O, P]:
        """Ask and decide until the decision leaves no question open; each is asked once."""
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
        self, kube: Kube, key: OwnerKey, plan: P, observed: O, manifests: Sequence[Any], cache: OwnerCache,
        deadline: Deadline,
    ) -> tuple[P, Applied]:  # fmt: skip
        """Apply the manifests and perform the operations, each at its point; all of it is on record by now."""
        first = Applied()
        plan = self._perform(When.BEFORE_APPLY, kube, plan, observed, first, deadline)
        applied = self._managed.apply(
            kube, key, observed.status.inventory, manifests, plan.until, cache, plan.held_templates, plan.recreate
        )
        applied.absorb(first)
        plan = self._perform(When.AFTER_APPLY, kube, plan, observed, applied, deadline)
        for ref in applied.deleted:
            cache.objects.pop(ref, None)
        waiting = any(one.when is When.ONCE_READY and one.effects for one in plan.operations)
        if waiting and self._logic.is_settled(plan, observed, applied):
            plan = self._perform(When.ONCE_READY, kube, plan, observed, applied, deadline)
        return plan, applied

    def _perform(self, when: When, kube: Kube, plan: P, observed: O, applied: Applied, deadline: Deadline) -> P:
        perform = self._logic.executor(kube, observed, applied, deadline)
        done: P = plan.with_operations(execute(plan.operations, when, perform))
        return done
