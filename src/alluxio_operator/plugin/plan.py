"""Tells what another spec would change, object by object and pod by pod, by the operator's own code; pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.render import Manifest, Renderer
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.decide import Plan, decide
from alluxio_operator.kinds.cluster.kind import FOLDER
from alluxio_operator.kinds.cluster.objects import dynamic, properties
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout import rollout
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import changes_version
from alluxio_operator.kinds.cluster.rollout.rollback import with_effective_spec
from alluxio_operator.kinds.cluster.storage.desired import desired_volumes
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.workloads.pods import Pod, parse_pod

CONTEXT_LINES = 1
KUBERNETES_REPLACES = (names.LOG_SERVER, names.PROXY)
"""Roles whose pods follow their workload at once, or after all others."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that would be created, changed or removed, with the lines that differ."""

    verb: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would happen: objects, what the leading master is told while it runs, and pods replaced in their order."""

    objects: tuple[ObjectChange, ...]
    told: tuple[str, ...]
    replaced: tuple[str, ...]
    held: str
    sizes: tuple[str, ...] = ()
    """Volumes that would get another size, and how."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as data."""
        return asdict(self)


def foresee(
    live: Object,
    wished: Object,
    pods: Iterable[Object],
    renderer: Renderer,
    now: datetime,
    good_spec: Mapping[str, Any] | None = None,
) -> Foreseen:
    """Return what would happen if `wished` took the place of `live`; raise PluginError when it can't be followed.

    `good_spec` is what is followed in place of `live`'s after a rollback.
    """
    status = ClusterStatus.model_validate(live.get("status", {}))
    before, was = _rendered(with_effective_spec(Observed(live, status, good_spec=good_spec)), (), renderer, now)
    found = tuple(parse_pod(pod) for pod in pods)
    after, plan = _rendered(wished, found, renderer, now)
    spec = plan.cluster.spec
    backup = spec.upgrade.backup != "Never" and changes_version(status.masters.version, spec.version)
    held = (
        "spec.paused is true: nothing is done before that changes"
        if spec.paused
        else "spec.upgrade.strategy is OnDelete: a pod gets it once somebody deletes it"
        if spec.upgrade.strategy == "OnDelete"
        else "pods that are well are replaced in the maintenance window only"
        if spec.upgrade.maintenance_window
        else ""
    )
    if backup and not spec.paused:
        held = "; ".join(one for one in (held, "the journal is backed up before the first master is replaced") if one)
    leader = live.get("status", {}).get("masters", {}).get("leader")
    replaced = tuple(_replaced(found, plan, leader, before, after))
    told = tuple(_applied_dynamically(was.cluster, plan, found, live))
    sizes = tuple(_sizes(was.cluster, plan.cluster))
    return Foreseen(tuple(_objects(before, after)), told, replaced, held, sizes)


def templates() -> Path:
    """Return the folder of the templates: installed beside the package, or in its checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "templates", package.parents[1] / "templates"):
        if (folder / FOLDER).is_dir():
            return folder.resolve()
    raise PluginError("the operator's templates aren't there: install the plugin from a checkout of the operator")


def _rendered(
    resource: Object, pods: tuple[Pod, ...], renderer: Renderer, now: datetime
) -> tuple[Mapping[Ref, Manifest], Plan]:
    cluster = validate(resource)
    if not isinstance(cluster, Cluster):
        raise PluginError("the spec can't be followed: " + "; ".join(str(problem) for problem in cluster))
    status = ClusterStatus.model_validate(resource.get("status", {}))
    # What is foreseen is the end of it, when volumes have the size that is wished for.
    observed = Observed(resource=resource, status=status.model_copy(update={"volumes": ()}), pods=pods)
    plan = decide(cluster, observed, now)
    return {manifest.ref: manifest for manifest in renderer.render(FOLDER, plan.context)}, plan


def _applied_dynamically(before: Cluster, plan: Plan, pods: tuple[Pod, ...], live: Object) -> Iterable[str]:
    if _roles(pods, plan).outdated(names.MASTER):
        # The leader is replaced, and its successor reads them.
        return
    told = ClusterStatus.model_validate(live.get("status", {})).dynamic_properties
    has = dynamic.wanted(before.spec, _site(before), told.properties if told else ())
    for key, value in dynamic.wanted(plan.cluster.spec, _site(plan.cluster), has).items():
        if has.get(key) != value:
            yield f"{key}={value}"


def _site(cluster: Cluster) -> Mapping[str, str]:
    return properties.for_role(cluster.spec, cluster.names, names.MASTER, cluster.members)


def _roles(pods: tuple[Pod, ...], plan: Plan) -> rollout.Roles:
    return rollout.Roles(
        Observed(resource={}, status=ClusterStatus(), pods=pods), plan.view.quorum, plan.view.hashes, {}
    )


def _objects(before: Mapping[Ref, Manifest], after: Mapping[Ref, Manifest]) -> Iterable[ObjectChange]:
    for ref, manifest in after.items():
        if ref not in before:
            yield ObjectChange("create", f"{ref.kind}/{ref.name}", ())
        elif before[ref].hash != manifest.hash:
            verb = "make anew around its pods" if _has_other_claims(before[ref], manifest) else "change"
            yield ObjectChange(verb, f"{ref.kind}/{ref.name}", tuple(_lines(before[ref].obj, manifest.obj)))
    for ref in before:
        if ref not in after:
            verb = "keep, without an owner" if ref.kind == "PersistentVolumeClaim" else "remove"
            yield ObjectChange(verb, f"{ref.kind}/{ref.name}", ())


def _has_other_claims(before: Manifest, after: Manifest) -> bool:
    claims, others = (one.obj.get("spec", {}).get("volumeClaimTemplates") for one in (before, after))
    return bool(claims != others)


def _sizes(before: Cluster, after: Cluster) -> Iterable[str]:
    known = {one.name: one for one in desired_volumes(before.spec, before.names)}
    for one in desired_volumes(after.spec, after.names):
        if one.name not in known or known[one.name].bytes == one.bytes:
            continue
        was = known[one.name]
        if was.bytes > one.bytes:
            yield f"{one.field} goes from {was.size} back to {one.size}: volumes that are larger stay so"
            continue
        more = " Workers get their larger quota once all volumes have it." if one.quota != was.quota else ""
        yield f"{one.field} grows from {was.size} to {one.size}, where the storage class allows it.{more}"


def _lines(before: Object, after: Object) -> Iterable[str]:
    old, new = (yaml.dump(one, Dumper=_Dumper, sort_keys=True, width=200).splitlines() for one in (before, after))
    for line in difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm=""):
        if not line.startswith(("---", "+++")):
            yield "..." if line.startswith("@@") else line


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines, such as a properties file, line by line, so that lines can be compared."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _replaced(
    pods: tuple[Pod, ...], plan: Plan, leader: str | None, before: Mapping[Ref, Manifest], after: Mapping[Ref, Manifest]
) -> Iterable[str]:
    roles = _roles(pods, plan)
    for role in roles.known:
        found = roles.outdated(role)
        if role == names.MASTER:
            found = tuple(sorted(found, key=lambda pod: (pod.name != leader, pod.name), reverse=True))
        for pod in found:
            yield pod.name + (" (the leader)" if pod.name == leader else "")
    made = plan.cluster.names
    for role in KUBERNETES_REPLACES:
        ref = Ref("Deployment", made.of(role))
        if ref in before and ref in after and _template(before[ref]) != _template(after[ref]):
            yield f"the pods of {ref.kind} {ref.name}, by its own rolling update"


def _template(manifest: Manifest) -> Any:
    return manifest.obj["spec"]["template"]
