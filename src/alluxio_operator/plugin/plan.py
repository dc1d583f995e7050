"""Preview of another spec: the objects and pods that it would change, computed by the operator's own code. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.engine.kept_template import runs_as
from alluxio_operator.engine.render import Manifest, Renderer
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.decide import Plan, decide
from alluxio_operator.kinds.cluster.kind import FOLDER
from alluxio_operator.kinds.cluster.objects import dynamic, properties
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.rollout.health import Roles
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import changes_version
from alluxio_operator.kinds.cluster.rollout.rollback import with_effective_spec
from alluxio_operator.kinds.cluster.storage.desired import desired_volumes
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.workloads.pods import Pod, parse_pod

CONTEXT_LINES = 1
KUBERNETES_REPLACES = (names.LOG_SERVER, names.PROXY)
"""Roles whose pods a Deployment replaces, not the operator."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that would be created, changed or removed, with the lines that differ."""

    verb: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The changes that a spec would make."""

    objects: tuple[ObjectChange, ...]
    dynamic_properties: tuple[str, ...]
    """Properties that the operator would apply dynamically to the leading master, each as KEY=VALUE."""
    replaced: tuple[str, ...]
    """Pods that would be replaced, in order."""
    held: str
    """Why the operator would wait before it replaces a pod; empty if it wouldn't."""
    sizes: tuple[str, ...] = ()
    """One sentence for each volume size that would change."""

    def as_dict(self) -> dict[str, Any]:
        """Return the preview for `-o json` and `-o yaml`."""
        return asdict(self)


def preview(
    live: Object,
    desired: Object,
    pods: Iterable[Object],
    renderer: Renderer,
    now: datetime,
    good_spec: Mapping[str, Any] | None = None,
) -> Preview:
    """Return the changes from `live` to `desired`. Raise PluginError if `desired` isn't valid.

    `good_spec`: after a rollback, the spec that the operator applies instead of `live`'s.
    """
    status = read_status(ClusterStatus, live).status
    before, was = _rendered(with_effective_spec(Observed(live, status, good_spec=good_spec)), (), renderer, now)
    found = tuple(parse_pod(pod) for pod in pods)
    after, plan = _rendered(desired, found, renderer, now)
    spec = plan.cluster.spec
    backup = spec.upgrade.backup != "Never" and changes_version(status.masters.version, spec.version)
    held = (
        "spec.paused is true: the operator changes nothing until you set it to false"
        if spec.paused
        else "spec.upgrade.strategy is OnDelete: delete a pod to apply the spec to it"
        if spec.upgrade.strategy == "OnDelete"
        else "spec.upgrade.maintenanceWindow is set: the operator replaces healthy pods only in the maintenance window"
        if spec.upgrade.maintenance_window
        else ""
    )
    if backup and not spec.paused:
        first = "the operator takes an AlluxioBackup, and waits for it, before it replaces a master"
        held = "; ".join(one for one in (held, first) if one)
    leader = live.get("status", {}).get("masters", {}).get("leader")
    replaced = tuple(_replaced(found, plan, leader, before, after))
    dynamic_properties = tuple(_applied_dynamically(was.cluster, plan, found, live))
    sizes = tuple(_sizes(was.cluster, plan.cluster))
    return Preview(tuple(_objects(before, after)), dynamic_properties, replaced, held, sizes)


def templates() -> Path:
    """Return the folder of the templates: in the installed package, or in the checkout. Raise PluginError."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "templates", package.parents[1] / "templates"):
        if (folder / FOLDER).is_dir():
            return folder.resolve()
    raise PluginError("the operator's templates are missing: install the plugin from a checkout of the operator")


def _rendered(
    resource: Object, pods: tuple[Pod, ...], renderer: Renderer, now: datetime
) -> tuple[Mapping[Ref, Manifest], Plan]:
    cluster = validate(resource)
    if not isinstance(cluster, Cluster):
        raise PluginError("the spec isn't valid: " + "; ".join(str(problem) for problem in cluster))
    status = read_status(ClusterStatus, resource).status
    # The preview shows the final state, after all volumes have their desired size.
    observed = Observed(resource=resource, status=status.model_copy(update={"volumes": ()}), pods=pods)
    plan = decide(cluster, observed, now)
    return {manifest.ref: manifest for manifest in renderer.render(FOLDER, plan.context)}, plan


def _applied_dynamically(before: Cluster, plan: Plan, pods: tuple[Pod, ...], live: Object) -> Iterable[str]:
    if _roles(pods, plan).outdated(names.MASTER):
        # A rollout replaces the leader, and the new leader reads them from its configuration.
        return
    applied = read_status(ClusterStatus, live).status.dynamic_properties
    has = dynamic.wanted(before.spec, _site(before), applied.properties if applied else ())
    for key, value in dynamic.wanted(plan.cluster.spec, _site(plan.cluster), has).items():
        if has.get(key) != value:
            yield f"{key}={value}"


def _site(cluster: Cluster) -> Mapping[str, str]:
    return properties.for_role(cluster.spec, cluster.names, names.MASTER, cluster.members)


def _roles(pods: tuple[Pod, ...], plan: Plan) -> Roles:
    return Roles(
        Observed(resource={}, status=ClusterStatus(), pods=pods), plan.view.quorum, plan.view.hashes, {}, plan.view.now
    )


def _objects(before: Mapping[Ref, Manifest], after: Mapping[Ref, Manifest]) -> Iterable[ObjectChange]:
    for ref, manifest in after.items():
        if ref not in before:
            yield ObjectChange("create", f"{ref.kind}/{ref.name}", ())
        elif before[ref].hash != manifest.hash:
            verb = "recreate (its pods keep running)" if _has_other_claims(before[ref], manifest) else "change"
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
            yield f"{one.field} goes from {was.size} back to {one.size}: larger volumes keep their size"
            continue
        more = " Workers get the larger quota once all volumes are large enough." if one.quota != was.quota else ""
        yield f"{one.field} expands from {was.size} to {one.size} if the storage class allows it.{more}"


def _lines(before: Object, after: Object) -> Iterable[str]:
    old, new = (yaml.dump(one, Dumper=_Dumper, sort_keys=True, width=200).splitlines() for one in (before, after))
    for line in difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm=""):
        if not line.startswith(("---", "+++")):
            yield "..." if line.startswith("@@") else line


class _Dumper(yaml.SafeDumper):
    """Writes a multi-line text, such as a properties file, line by line, so that a diff can compare its lines."""


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
        if ref in before and ref in after and not runs_as(_template(before[ref]), _template(after[ref])):
            yield f"the pods of {ref.kind} {ref.name}, by its own rolling update"


def _template(manifest: Manifest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest.obj["spec"]["template"]
    return found
