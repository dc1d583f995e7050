"""Rules for volume sizes: a size may grow, or return to the actual size of the volumes."""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.base import all_equal, cel

JOURNAL: Final = "journal"
LOGS: Final = "logs"
ROOT_MOUNT: Final = "root-mount"


def tier_name(tier: str) -> str:
    """Return the volume name of a tier in status and pods, such as tier-ssd."""
    return f"tier-{tier.lower()}"


JOURNAL_CLASS_KEPT = cel(
    all_equal(("storageClassName",), "self.masters.journal.storage", "oldSelf.masters.journal.storage"),
    "spec.masters.journal.storage.storageClassName can't be changed: the journal's PVC already exists; create "
    "another AlluxioCluster",
    field_path=".masters.journal.storage",
)

LOGS_CLASS_KEPT = cel(
    "!self.logServer.enabled || !oldSelf.logServer.enabled || "
    f"({all_equal(('storageClassName',), 'self.logServer.storage', 'oldSelf.logServer.storage')})",
    "spec.logServer.storage.storageClassName can't be changed while the log server is enabled: its PVC already exists",
    field_path=".logServer.storage",
)


def _at_least(new: str, old: str) -> str:
    return f"!quantity(string({new})).isLessThan(quantity(string({old})))"


def _has_no_more(volume: str, field: str, size: str) -> str:
    """Return a CEL expression: the volumes are no larger than `size`, so a failed expansion can be reverted."""
    return (
        f"(has(self.status) && has(self.status.volumes) && self.status.volumes.exists(v, v.name == {volume} && "
        # No string() here: the API server's cost estimate for it would exceed the limit of the whole schema.
        f"has(v.{field}) && !quantity(string({size})).isLessThan(quantity(v.{field}))))"
    )


def _kept(volume: str, path: str, when: str = "") -> dict[str, str]:
    new, old = f"self.spec.{path}", f"oldSelf.spec.{path}"
    unless = f"!({when}) || " if when else ""
    return cel(
        f"{unless}{_at_least(new, old)} || {_has_no_more(repr(volume), 'size', new)}",
        f"spec.{path} can't be smaller than the volume, whose size is in status.volumes: Kubernetes can't shrink a "
        "volume; create another AlluxioCluster with a smaller one",
        field_path=f".spec.{path.rpartition('.')[0]}",
    )


_VOLUME = "'tier-' + o.name.lowerAscii()"
_TIER = "self.spec.workers.tiers.exists(t, t.name == o.name"
_CLAIMED = "has(o.storage.claim) && self.spec.workers.workload == 'StatefulSet'"
_KEPT_TIER = f"(has(o.storage.hostPath) || ({_CLAIMED}))"

SIZES_KEPT = (
    _kept(JOURNAL, "masters.journal.storage.size"),
    _kept(LOGS, "logServer.storage.size", "self.spec.logServer.enabled && oldSelf.spec.logServer.enabled"),
    _kept(
        ROOT_MOUNT,
        "rootMount.volume.size",
        "has(self.spec.rootMount.volume) && has(self.spec.rootMount.volume.size) && "
        "has(oldSelf.spec.rootMount.volume) && has(oldSelf.spec.rootMount.volume.size)",
    ),
    cel(
        f"oldSelf.spec.workers.tiers.all(o, !({_CLAIMED}) || {_TIER} && has(t.storage.claim) && ("
        f"{_at_least('t.storage.claim.size', 'o.storage.claim.size')} || "
        f"{_has_no_more(_VOLUME, 'size', 't.storage.claim.size')})))",
        "storage.claim.size of a tier can't be smaller than its volumes, whose size is in status.volumes: Kubernetes "
        "can't shrink a volume; create another AlluxioCluster with smaller ones",
        field_path=".spec.workers.tiers",
    ),
    cel(
        f"oldSelf.spec.workers.tiers.all(o, !{_KEPT_TIER} || {_TIER} && ({_at_least('t.quota', 'o.quota')} || "
        f"{_has_no_more(_VOLUME, 'quota', 't.quota')})))",
        "the quota of a tier on a PVC or hostPath can't be lowered: Alluxio would drop blocks, which may be the only "
        "copy; create another AlluxioCluster",
        field_path=".spec.workers.tiers",
    ),
)
"""Rules of the whole resource, because the actual sizes are in its status."""
