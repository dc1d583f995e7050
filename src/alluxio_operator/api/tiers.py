"""The cache of a worker: its tiers, from fast to slow, what each lies on, and the way past the network to it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, Quantity, all_equal, cel, rules

Medium = Literal["MEM", "SSD", "HDD"]
"""Alluxio's own names, for tiers and for what they lie on; masters refuse a worker that uses others."""

HostFolder = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", min_length=4, max_length=192)]
"""A folder of a node; two names deep at least, so that nobody gives one of the system's by mistake."""

NO_DOTS = cel(
    "!self.matches('/[.][.]?(/|$)')",
    "a path is given without . and .. in it",
)


class EmptyDir(Model):
    """A folder that lives as long as its pod: memory for medium MEM, else the node's own disk."""


class HostPath(Model):
    """A folder of the node, which outlives pods."""

    path: Annotated[HostFolder, Field(json_schema_extra=rules(NO_DOTS))] = Field(
        description="Absolute path on the node. Each cluster gets a folder of its own below it, NAMESPACE/NAME, which "
        "is made where it isn't there."
    )


class TierClaim(Model):
    """A volume for each worker: for a StatefulSet it outlives pods, for a DaemonSet it goes with its pod."""

    size: Quantity = Field(description="Size of each volume; as much as the tier's quota or more.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class; the default one when it isn't given."
    )
    access_mode: Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"] = Field(
        "ReadWriteOnce", description="How each volume may be mounted; a worker shares it with nobody."
    )


class TierStorage(Model):
    """What a tier lies on: one of its fields, or nothing for emptyDir."""

    empty_dir: EmptyDir | None = Field(
        None, description="A folder that lives as long as its pod: memory for medium MEM, else the node's own disk."
    )
    host_path: HostPath | None = Field(
        None,
        description="A folder of the node, which outlives pods. Needs a namespace in which Pod Security allows it.",
    )
    claim: TierClaim | None = Field(
        None,
        description="A volume for each worker: for a StatefulSet it outlives pods, for a DaemonSet it goes with its "
        "pod.",
    )


class Tier(Model):
    """One level of a worker's cache."""

    name: Medium = Field("MEM", description="Name of the tier, as Alluxio calls it.")
    medium: Medium | None = Field(
        None,
        description="What the tier lies on: MEM is memory and counts against the memory limit, SSD and HDD are disks. "
        "The tier's name when it isn't given.",
    )
    quota: Quantity = Field("1Gi", description="How much the tier holds, on each worker.")
    storage: TierStorage = Field(TierStorage(), description="The volume of the tier; emptyDir when nothing is given.")

    @property
    def lies_on(self) -> Medium:
        """The medium; MEM counts against the memory limit of the worker."""
        return self.medium or self.name


class ShortCircuit(Model):
    """How clients on a worker's node get at its blocks without the network."""

    policy: Literal["None", "Uuid"] = Field(
        "None",
        description="None: over the network. Uuid: over a domain socket in a folder of the node; a client finds the "
        "worker of its node by the socket's name. Needs a namespace in which Pod Security allows hostPath.",
    )
    path: Annotated[HostFolder, Field(json_schema_extra=rules(NO_DOTS))] = Field(
        "/var/lib/alluxio-operator/sockets",
        description="Folder of the node for the sockets. Each cluster gets a folder of its own below it, "
        "NAMESPACE/NAME.",
    )


TIER_RULES = rules(
    cel(
        "!has(self.storage.claim) || "
        "!quantity(string(self.storage.claim.size)).isLessThan(quantity(string(self.quota)))",
        "the quota of a tier can't be larger than the volume of its claim: raise storage.claim.size or lower quota",
        field_path=".quota",
    ),
    cel(
        "!has(self.storage.claim) || (has(self.medium) ? self.medium : self.name) != 'MEM'",
        "a claim is on a disk: set medium to SSD or HDD, or use emptyDir for a tier in memory",
        field_path=".storage",
    ),
)

TIER_STORAGE_RULES = rules(
    cel(
        "[has(self.emptyDir), has(self.hostPath), has(self.claim)].filter(given, given).size() <= 1",
        "a tier lies on one thing: give one of emptyDir, hostPath and claim",
    )
)

TIERS_RULES = rules(
    cel(
        "self.map(t, t.name == 'MEM' ? 0 : t.name == 'SSD' ? 1 : 2).isSorted()",
        "tiers are given from fast to slow: MEM, then SSD, then HDD",
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
        "a tier on a claim or on a folder of the node can't be removed or moved: blocks in it, which may be the only "
        "copy, would be dropped; raise its quota and the size of its claim, or create another AlluxioCluster",
        field_path=".workers.tiers",
    ),
    cel(
        "self.workers.workload != 'StatefulSet' || self.workers.tiers.all(t, !has(t.storage.claim) || "
        "oldSelf.workers.tiers.exists(o, o.name == t.name && has(o.storage.claim)))",
        "a StatefulSet can't get further claims once it exists: use emptyDir or hostPath for the new tier, or create "
        "another AlluxioCluster",
        field_path=".workers.tiers",
    ),
)
"""Rules of the whole spec: what may not be done to the tiers of a cluster that exists."""
