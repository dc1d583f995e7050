"""Strategies for kinds of objects that need more than a server-side apply, in a table by kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from alluxio_operator.api.base import GROUP, in_bytes
from alluxio_operator.engine.jobs import is_left_to_ttl
from alluxio_operator.engine.kept_template import with_kept_template
from alluxio_operator.engine.scope import Scope
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import Object, Ref

OWNERS_REFUSED: Final = "cannot set an ownerRef on a resource you can't delete"
"""Part of the API server's answer, from admission plugin OwnerReferencesPermissionEnforcement."""


class BeingDeleted(Exception):
    """An object is being deleted and still holds its name; `live` is the object."""

    def __init__(self, live: Object) -> None:
        super().__init__()
        self.live = live


def as_rendered(obj: Object, _live: Object | None) -> Object:
    """Return the object as it is rendered."""
    return obj


def no_remedy(_scope: Scope, _obj: Object, _live: Object, _error: Refused) -> bool:
    """Leave a refusal as it is."""
    return False


def nothing_less(_obj: Object, _live: Object, _error: Refused) -> Object | None:
    """Apply the whole object or nothing."""
    return None


def never(_live: Object) -> bool:
    """Leave nothing to Kubernetes."""
    return False


@dataclass(frozen=True, slots=True)
class Quirk:
    """How objects of a kind are handled; the defaults fit most kinds."""

    never_pruned: bool = False
    """Whether an object stays when it is no longer rendered, since it holds data."""
    outlives_rendering: Callable[[Object], bool] = never
    """Returns True for a live object that is no longer rendered and that Kubernetes removes."""
    fit: Callable[[Object, Object | None], Object] = as_rendered
    """Returns what to apply to the live object; None for one that doesn't exist."""
    fit_to_compare: Callable[[Object, Object], Object] = as_rendered
    """Returns what to compare with the live object, in place of applying."""
    remedy: Callable[[Scope, Object, Object, Refused], bool] = no_remedy
    """Makes way for a change that the API server refused; returns True to apply again."""
    without_refused: Callable[[Object, Object, Refused], Object | None] = nothing_less
    """Returns the object without the part that the API server refused, to apply the rest; None if it needs all."""
    recreate: Callable[[Scope, Object, Object], Object] | None = None
    """Replaces the live object by the rendered one, or raises BeingDeleted; None where a kind never needs it."""
    advice: str = ""
    """What a user can do about a refused change."""


def keep_owners(obj: Object, live: Object, error: Refused) -> Object | None:
    """Return an object with the owner references that it has, if the API server refused to change them.

    With admission plugin OwnerReferencesPermissionEnforcement, which OpenShift enables, only a client that may delete
    an object changes its owner references. The operator may delete neither a PVC nor a service account.
    """
    if OWNERS_REFUSED not in error.message:
        return None
    references = live["metadata"].get("ownerReferences", ())
    own = [one for one in references if one["apiVersion"].startswith(f"{GROUP}/")]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
    return {**obj, "metadata": {**metadata, **({"ownerReferences": own} if own else {})}}


def keep_size(obj: Object, live: Object | None) -> Object:
    """Return a PVC with its present size: the storage room expands it, and no PVC ever shrinks."""
    has = None if live is None else _size(live)
    return obj if has is None or _size(obj) is None else _with_size(obj, has)


def keep_larger_size(obj: Object, live: Object) -> Object:
    """Return a PVC with the larger of its present and its rendered size."""
    has, rendered = _size(live), _size(obj)
    return keep_size(obj, live) if has and rendered and in_bytes(has) >= in_bytes(rendered) else obj


def delete_if_immutable(scope: Scope, obj: Object, live: Object, error: Refused) -> bool:
    """Delete a Job whose template has changed: the API server accepts no change of it, and it holds no data."""
    if "immutable" not in error.message:
        return False
    scope.kube.delete(scope.path(Ref.of(obj)), uid=live["metadata"]["uid"])
    return True


def replace_ports(scope: Scope, obj: Object, live: Object, _error: Refused) -> bool:
    """Make the rendered list of ports the whole list of a Service, with the node ports that it has.

    An apply merges ports by number. A port that a user renumbered stays next to the rendered one of the same name, and
    the API server refuses both.
    """
    had = {port.get("name"): port["nodePort"] for port in live["spec"].get("ports", ()) if "nodePort" in port}
    ports = [
        {**port, **({"nodePort": had[port["name"]]} if port["name"] in had else {})} for port in obj["spec"]["ports"]
    ]
    scope.kube.merge(scope.path(Ref.of(obj)), {"spec": {"ports": ports}})
    return True


def recreate_around_pods(scope: Scope, obj: Object, live: Object) -> dict[str, Any]:
    """Replace a StatefulSet and leave its pods running: the new one takes them over."""
    if "deletionTimestamp" not in live["metadata"]:
        # Replaced or deleted in between: the apply shows which.
        with contextlib.suppress(Conflict, NotFound):
            scope.kube.delete(scope.path(Ref.of(obj)), uid=live["metadata"]["uid"], orphan=True)
    try:
        return scope.kube.apply(scope.namespace, obj, absent=True)
    except Conflict:
        # The garbage collector removes the owner reference from the pods first.
        raise BeingDeleted(live) from None


_NONE: Final = Quirk()
_BY_KIND: Final[Mapping[str, Quirk]] = MappingProxyType(
    {
        "Deployment": Quirk(fit=with_kept_template, fit_to_compare=with_kept_template),
        "Job": Quirk(outlives_rendering=is_left_to_ttl, remedy=delete_if_immutable),
        "PersistentVolumeClaim": Quirk(
            never_pruned=True,
            fit=keep_size,
            fit_to_compare=keep_larger_size,
            without_refused=keep_owners,
            advice="a PVC keeps its class and access modes: set them back in the spec, or delete the PVC with its data",
        ),
        "Service": Quirk(remedy=replace_ports),
        "ServiceAccount": Quirk(without_refused=keep_owners),
        "StatefulSet": Quirk(recreate=recreate_around_pods),
    }
)


def quirk_of(kind: str) -> Quirk:
    """Return how objects of a kind are handled."""
    return _BY_KIND.get(kind, _NONE)


def _size(claim: Object) -> str | None:
    size = claim.get("spec", {}).get("resources", {}).get("requests", {}).get("storage")
    return None if size is None else str(size)


def _with_size(claim: Object, size: str) -> Object:
    return {**claim, "spec": {**claim["spec"], "resources": {"requests": {"storage": size}}}}
