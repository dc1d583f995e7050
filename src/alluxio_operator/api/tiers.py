"""The cache of a worker: its tiers from fast to slow, their storage, and short-circuit access to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, Quantity, all_equal, cel, rules

Medium = Literal["MEM", "SSD", "HDD"]
"""Alluxio's names of tiers and media; masters reject a worker with other names."""

HostFolder = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", min_length=4, max_length=192)]
"""A folder of a node. It is at least two levels deep, so that a user can't give a system folder by mistake."""

NO_DOTS = cel(
    "!self.matches('/[.][.]?(/|$)')",
    "a path must not contain . or .. as a part",
)


class EmptyDir(Model):
    """A folder with the lifetime of its pod: memory for medium MEM, else the node's disk."""


class HostPath(Model):
    """A folder of the node, which outlives pods."""

    path: Annotated[HostFolder, Field(json_schema_extra=rules(NO_DOTS))] = Field(
        description="Absolute path on the node. Each AlluxioCluster uses the subfolder NAMESPACE/NAME, which is "
        "created if missing."
    )


class TierClaim(Model):
    """A PVC for each worker. With a StatefulSet it outlives pods, with a DaemonSet it is deleted with its pod."""

    size: Quantity = Field(description="Size of each volume: at least the tier's quota.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class. Default: the default storage class."
    )
    access_mode: Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"] = Field(
        "ReadWriteOnce", description="Access mode of each volume. Workers never share a volume."
    )


class TierStorage(Model):
    """Storage of a tier: one of its fields. Default: emptyDir."""

    empty_dir: EmptyDir | None = Field(
        None, description="A folder with the lifetime of its pod: memory for medium MEM, else the node's disk."
    )
    host_path: HostPath | None = Field(
        None,
        description="A folder of the node, which outlives pods. Pod Security must allow hostPath in the namespace.",
    )
    claim: TierClaim | None = Field(
        None,
        description="A PVC for each worker. With a StatefulSet it outlives pods, with a DaemonSet it is deleted with "
        "its pod.",
    )


class Tier(Model):
    """One level of a worker's cache."""

    name: Medium = Field("MEM", description="Alluxio's name of the tier.")
    medium: Medium | None = Field(
        None,
        description="Medium of the tier: MEM is memory and counts against the memory limit, SSD and HDD are disks. "
        "Default: the tier's name.",
    )
    quota: Quantity = Field("1Gi", description="Capacity of the tier on each worker.")
    storage: TierStorage = Field(TierStorage(), description="Storage of the tier. Default: emptyDir.")

    @property
    def lies_on(self) -> Medium:
        """The medium, or its default. MEM counts against the memory limit of the worker."""
        return self.medium or self.name


class ShortCircuit(Model):
    """How clients on a worker's node read its blocks without the network."""

    policy: Literal["None", "Uuid"] = Field(
        "None",
        description="None: over the network. Uuid: over a domain socket in a folder of the node; a client finds the "
        "worker of its node by the socket's name. Pod Security must allow hostPath in the namespace.",
    )
    path: Annotated[HostFolder, Field(json_schema_extra=rules(NO_DOTS))] = Field(
        "/var/lib/alluxio-operator/sockets",
        description="Folder of the node for the sockets. Each AlluxioCluster uses the subfolder NAMESPACE/NAME.",
    )


TIER_RULES = rules(
    cel(
        "!has(self.storage.claim) || "
        "!quantity(string(self.storage.claim.size)).isLessThan(quantity(string(self.quota)))",
        "the quota of a tier can't be larger than its PVC: raise storage.claim.size or lower quota",
        field_path=".quota",
    ),
    cel(
        "!has(self.storage.claim) || (has(self.medium) ? self.medium : self.name) != 'MEM'",
        "a PVC can't hold a tier in memory: set medium to SSD or HDD, or use emptyDir instead of claim",
        field_path=".storage",
    ),
)

TIER_STORAGE_RULES = rules(
    cel(
        "[has(self.emptyDir), has(self.hostPath), has(self.claim)].filter(given, given).size() <= 1",
        "a tier has one storage: give only one of emptyDir, hostPath and claim",
    )
)

TIERS_RULES = rules(
    cel(
        "self.map(t, t.name == 'MEM' ? 0 : t.name == 'SSD' ? 1 : 2).isSorted()",
        "list tiers from fast to slow: MEM, then SSD, then HDD",
    )
)

_KEPT = "(has(o.storage.hostPath) || (has(o.storage.claim) && self.workers.workload == 'StatefulSet'))"
_SAME_FOLDER = (
    "has(t.storage.hostPath) == has(o.storage.hostPath) && "
    "(!has(o.storage.hostPath) || t.storage.hostPath == o.storage.hostPath)"
)
_SAME_KIND_OF_CLAIM = (
    "has(t.storage.claim) == has(o.storage.claim) && (!has(o.storage.claim) || "
    f"({all_equal(('storageClassName',), 't.storage.claim', 'o.storage.claim')} && "
    "t.storage.claim.accessMode == o.storage.claim.accessMode))"
)

CHANGES_OF_TIERS = (
    cel(
        f"oldSelf.workers.tiers.all(o, !{_KEPT} || self.workers.tiers.exists(t, t.name == o.name && "
        f"{_SAME_FOLDER} && {_SAME_KIND_OF_CLAIM}))",
        "a tier on a PVC or hostPath can't be removed or moved: Alluxio would lose its blocks, which may be the only "
        "copy; raise its quota and storage.claim.size, or create another AlluxioCluster",
        field_path=".workers.tiers",
    ),
    cel(
        "self.workers.workload != 'StatefulSet' || self.workers.tiers.all(t, !has(t.storage.claim) || "
        "oldSelf.workers.tiers.exists(o, o.name == t.name && has(o.storage.claim)))",
        "an existing StatefulSet can't get a new PVC template: use emptyDir or hostPath for the new tier, or create "
        "another AlluxioCluster",
        field_path=".workers.tiers",
    ),
)
"""Rules of the whole spec: changes that the tiers of an existing cluster don't allow."""
