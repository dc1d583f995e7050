"""Collects from all kinds: reconcilers, resources to reconcile, and child objects to watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from alluxio_operator.engine.children import CHILD_KINDS, MANAGED_BY, owner_of, version_of
from alluxio_operator.engine.kind import KindDescriptor
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import OwnerKey, Reason, Reconciler, Request
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.server.watch import Watched
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics

MANAGED_SELECTOR: Final = f"app.kubernetes.io/managed-by={MANAGED_BY}"


def reconcilers(kube: Kube, settings: Settings, metrics: Metrics, changes: ChangesUnderWay) -> Mapping[str, Reconciler]:
    """Return the reconciler of each kind."""
    shared = Renderer(settings.templates_dir, operator_namespace=settings.operator_namespace)
    image = OwnImage(settings.image, settings.operator_namespace, settings.pod_name)

    def parts_of(one: KindDescriptor) -> Parts:
        if isinstance(one.templates, str):
            renderer, folder = shared, one.templates
        else:
            # Templates of the kind may still import shared macros.
            renderer = Renderer(
                one.templates.parent, settings.templates_dir, operator_namespace=settings.operator_namespace
            )
            folder = one.templates.name
        return Parts(one.kind, kube, renderer, folder, metrics, _now, changes.note, image, settings.backup_jobs)

    return {one.kind: one.reconciler(parts_of(one)) for one in descriptors()}


def list_owners(kube: Kube, settings: Settings, changes: ChangesUnderWay, unlisted: Unlisted) -> Iterable[Request]:
    """Yield a request for every resource in the watched namespaces; an EDIT if its generation isn't reconciled yet.

    It skips a collection that the API server refuses to list, and records it in `unlisted`.
    """
    for kind in [KINDS[one.kind] for one in descriptors()]:
        for namespace in _namespaces(settings):
            with unlisted.skip(kind.kind, namespace):
                for resource in kube.list(kind.path(namespace)):
                    meta = resource["metadata"]
                    reconciled = resource.get("status", {}).get("observedGeneration") == meta["generation"]
                    key = OwnerKey(kind.kind, meta["namespace"], meta["name"])
                    changes.note_read(key, resource)
                    yield Request(key, Reason.RESYNC if reconciled else Reason.EDIT)


def resync(
    kube: Kube,
    settings: Settings,
    by_kind: Mapping[str, Reconciler],
    changes: ChangesUnderWay,
    unlisted: Unlisted,
) -> Iterable[Request]:
    """Yield requests for owners whose objects drifted without an event, then one for every resource."""
    for reconciler in by_kind.values():
        yield from reconciler.drifted(_namespaces(settings))
    yield from list_owners(kube, settings, changes, unlisted)


def check_children(kube: Kube, settings: Settings, unlisted: Unlisted) -> None:
    """Record in `unlisted` the kinds of children that the API server refuses to list, by one request for each.

    A hook that watches one of them would keep shell-operator from starting any other watch. A Role that is older than
    the operator may lack a kind.
    """
    for namespace in _namespaces(settings):
        for child in CHILD_KINDS:
            with unlisted.skip(child.kind, namespace):
                next(kube.list(KINDS[child.kind].path(namespace), MANAGED_SELECTOR, metadata_only=True), None)


def watched(settings: Settings) -> Sequence[Watched]:
    """Return the collections of child objects whose events reconcile their owner."""
    return [
        Watched(
            child.kind,
            KINDS[child.kind].path(namespace),
            MANAGED_SELECTOR,
            child.metadata_only,
            owner_of,
            child.state_of,
            None if KINDS[child.kind].has_generation else version_of,
        )
        for namespace in _namespaces(settings)
        for child in CHILD_KINDS
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _namespaces(settings: Settings) -> tuple[str, ...]:
    return settings.watch_namespaces or ("",)
