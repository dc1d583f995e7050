"""Performs the effects of `engine.effects`."""

from __future__ import annotations

import logging

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.effects import Create, Delete, Patch
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref

log = logging.getLogger(__name__)


def patch(kube: Kube, namespace: str, effect: Patch, applied: Applied) -> bool:
    """Patch an object; return True on success. `applied` keeps a refusal."""
    ref = effect.ref
    try:
        kube.merge(KINDS[ref.kind].path(namespace, ref.name), effect.patch)
    except (Conflict, NotFound):
        # The object was changed or recreated: the next reconcile decides again.
        log.info("%s %s changed before the operator could patch it to %s", ref.kind, ref.name, effect.purpose)
        return False
    except Refused as error:
        applied.refused[ref] = f"the operator can't patch {ref.kind} {ref.name} to {effect.purpose}: {error.message}"
        return False
    log.info("patched %s %s to %s", ref.kind, ref.name, effect.purpose)
    return True


def delete(kube: Kube, namespace: str, effect: Delete, applied: Applied) -> bool:
    """Delete an object; return True on success. `applied` keeps a refusal."""
    ref = effect.ref
    try:
        kube.delete(KINDS[ref.kind].path(namespace, ref.name), uid=effect.uid)
    except (Conflict, NotFound):
        return False
    except Refused as error:
        applied.refused[ref] = f"the operator can't delete {ref.kind} {ref.name}: {error.message}"
        return False
    applied.deleted.append(ref)
    log.info("deleted %s %s", ref.kind, ref.name)
    return True


def create(kube: Kube, namespace: str, effect: Create) -> str:
    """Create an object; return the API server's refusal, or an empty text."""
    ref = Ref.of(effect.manifest)
    try:
        kube.create(KINDS[ref.kind].path(namespace), effect.manifest)
    except Conflict:
        log.info("%s %s exists already", ref.kind, ref.name)
    except Refused as error:
        return f"the operator can't create {ref.kind} {ref.name}: {error.message}"
    else:
        log.info("created %s %s", ref.kind, ref.name)
    return ""
