"""The AlluxioCluster resource: everything that can be said about one Alluxio cluster."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from alluxio_operator.api.access import FUSE_RULES, Fuse, Proxy
from alluxio_operator.api.base import Model, ObjectName, Port, Quantity, StringMap, cel, rules
from alluxio_operator.api.roles import Process, Properties, Role, Storage, list_map
from alluxio_operator.api.services import CHANGES_OF_SERVICES, EXPOSURE_RULES, MASTER_NODE_PORTS_RULES, Service
from alluxio_operator.api.tiers import (
    CHANGES_OF_TIERS,
    TIER_RULES,
    TIER_STORAGE_RULES,
    TIERS_RULES,
    ShortCircuit,
    Tier,
)
from alluxio_operator.api.ufs import ROOT_MOUNT_KEPT, UFS_RULES_BY_TYPE, RootMount
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.api.volumes import JOURNAL_CLASS_KEPT, LOGS_CLASS_KEPT, SIZES_KEPT

KIND = "AlluxioCluster"

LONGEST_NAME = 40
"""Longest name of a cluster: a pod label carries NAME-job-master-<hash of 10>, and a label's value ends at 63."""


class LocalReference(Model):
    """Names an object in the same namespace."""

    name: ObjectName = Field(description="Its name.")


class Image(Model):
    """The image of every Alluxio process."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*$", max_length=255)] = Field(
        "alluxio/alluxio", description="Repository of the image."
    )
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=128)] | None = Field(
        None, description="Tag of the image; the version of the cluster when it isn't given."
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        "IfNotPresent", description="When the image is pulled."
    )
    pull_secrets: Annotated[tuple[LocalReference, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = (
        Field((), description="Secrets with the registry's credentials.")
    )


class MasterPorts(Model):
    """Ports of a master."""

    rpc: Port = Field(19998, description="RPC port for clients and workers.")
    web: Port = Field(19999, description="HTTP port with the REST interface and the metrics.")
    embedded_journal: Port = Field(19200, description="Port of the embedded journal, between masters.")


class WorkerPorts(Model):
    """Ports of a worker."""

    rpc: Port = Field(29999, description="RPC and data port.")
    web: Port = Field(30000, description="HTTP port with the REST interface and the metrics.")


class JobMasterPorts(Model):
    """Ports of a job master."""

    rpc: Port = Field(20001, description="RPC port.")
    web: Port = Field(20002, description="HTTP port.")
    embedded_journal: Port = Field(20003, description="Port between job masters.")


class JobWorkerPorts(Model):
    """Ports of a job worker."""

    rpc: Port = Field(30001, description="RPC port.")
    data: Port = Field(30002, description="Data port.")
    web: Port = Field(30003, description="HTTP port.")


class LogServerPorts(Model):
    """Ports of the log server."""

    logs: Port = Field(45600, description="Port to which the other roles send their logs.")


class Journal(Model):
    """The masters' journal: the only place where Alluxio's metadata is kept."""

    storage: Storage = Field(Storage(), description="The volume of each master's journal.")


class Masters(Role):
    """The masters: they keep the name space and know which worker has which block."""

    replicas: Literal[0, 1, 3, 5] = Field(
        1,
        description="Number of masters: 1, or 3 or 5 of which 1 or 2 may fail. 0 stops them and keeps their journal; "
        "afterwards only the number that the journal was made for can be given again.",
    )
    ports: MasterPorts = Field(MasterPorts(), description="Ports.")
    journal: Journal = Field(Journal(), description="The journal.")


class Workers(Role):
    """The workers: they hold the cached data."""

    # A worker that is told to stop while no master answers goes on asking for one until it is ended by force.
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        30, description="Seconds between the wish to stop and the end by force."
    )

    workload: Literal["DaemonSet", "StatefulSet"] = Field(
        "DaemonSet",
        description="DaemonSet: one worker on every node that nodeSelector and tolerations allow. StatefulSet: as "
        "many workers as replicas says. Can't be changed afterwards.",
    )
    replicas: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        None, description="Number of workers of a StatefulSet; 1 when it isn't given."
    )
    ports: WorkerPorts = Field(WorkerPorts(), description="Ports.")
    tiers: Annotated[
        tuple[Tier, ...],
        Field(min_length=1, max_length=3, json_schema_extra={**list_map("name"), **TIERS_RULES}),
    ] = Field((Tier(),), description="The levels of the cache, from fast to slow: MEM, SSD, HDD.")
    tier_reserve: Quantity | None = Field(
        None,
        description="With several tiers: room that each keeps free, so that blocks can be moved between them. An "
        "eighth of the smallest quota, but no more than 1Gi, when it isn't given.",
    )
    short_circuit: ShortCircuit = Field(
        ShortCircuit(), description="How clients on a worker's node get at its blocks without the network."
    )

    @property
    def count(self) -> int:
        """Number of workers of a StatefulSet; a DaemonSet has as many as there are nodes."""
        return 1 if self.replicas is None else self.replicas


class JobMaster(Role):
    """The master of the job service."""

    ports: JobMasterPorts = Field(JobMasterPorts(), description="Ports.")


class JobWorker(Process):
    """The workers of the job service; each runs in the pod of a worker, whose blocks it works on."""

    ports: JobWorkerPorts = Field(JobWorkerPorts(), description="Ports.")


class JobService(Model):
    """The job service: it persists, replicates and loads data in the background."""

    enabled: bool = Field(True, description="Whether it runs.")
    master: JobMaster = Field(JobMaster(), description="Its master.")
    worker: JobWorker = Field(JobWorker(), description="Its workers.")


class LogServer(Role):
    """The log server: it collects the logs of all roles on one volume."""

    enabled: bool = Field(True, description="Whether it runs.")
    ports: LogServerPorts = Field(LogServerPorts(), description="Ports.")
    storage: Storage = Field(Storage(), description="The volume for the logs.")


class ClusterSpec(Model):
    """What an Alluxio cluster is meant to be."""

    version: Literal["2.9.3", "2.9.4"] = Field(
        "2.9.4",
        description="Version of Alluxio: it decides how the cluster is driven, and the tag of the image.",
    )
    image: Image = Field(Image(), description="The image of every Alluxio process.")
    root_mount: RootMount = Field(description="What lies below the root of the name space.")
    properties: Properties = Field({}, description="Alluxio properties of all roles.")
    masters: Masters = Field(Masters(), description="The masters.")
    workers: Workers = Field(Workers(), description="The workers.")
    job_service: JobService = Field(JobService(), description="The job service.")
    log_server: LogServer = Field(LogServer(), description="The log server.")
    proxy: Proxy = Field(Proxy(), description="The proxy: access over S3 and REST.")
    fuse: Fuse = Field(Fuse(), description="FUSE: the name space mounted as a folder on nodes.")
    service: Service = Field(Service(), description="The Service for clients.")
    service_account_annotations: Annotated[StringMap, Field()] = Field(
        {}, description="Annotations of the pods' service account, for identities of clouds."
    )
    upgrade: Upgrade = Field(Upgrade(), description="How pods are replaced when the spec asks for others.")
    paused: bool = Field(
        False,
        description="Nothing of the cluster is made, changed or deleted while it is true; the status goes on, and the "
        "condition Paused names what would be changed.",
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain",
        description="What becomes of the volumes of the journal, and of tiers on claims, when the resource is deleted. "
        "A volume that the operator made for the root mount always stays: it holds the data itself.",
    )


SPEC_RULES = rules(
    cel(
        "self.masters.replicas == oldSelf.masters.replicas || self.masters.replicas == 0 || "
        "oldSelf.masters.replicas == 0",
        "spec.masters.replicas can only be changed to 0 and back: masters that are added or taken away change the "
        "members of the journal's quorum; create another AlluxioCluster instead",
        field_path=".masters.replicas",
    ),
    cel(
        "self.workers.workload == oldSelf.workers.workload",
        "spec.workers.workload can't be changed: the new workload would start beside the old one with an empty "
        "cache; create another AlluxioCluster instead",
        field_path=".workers.workload",
    ),
    JOURNAL_CLASS_KEPT,
    cel(
        "self.masters.ports.embeddedJournal == oldSelf.masters.ports.embeddedJournal",
        "spec.masters.ports.embeddedJournal can't be changed: it is part of the names by which the journal knows its "
        "members; create another AlluxioCluster instead",
        field_path=".masters.ports.embeddedJournal",
    ),
    ROOT_MOUNT_KEPT,
    LOGS_CLASS_KEPT,
    *CHANGES_OF_TIERS,
    *CHANGES_OF_SERVICES,
)

WORKERS_RULES = rules(
    cel(
        "self.workload == 'StatefulSet' || !has(self.replicas)",
        "a DaemonSet runs one worker per node and has no replicas: remove spec.workers.replicas, or set "
        "spec.workers.workload to StatefulSet",
        field_path=".replicas",
    )
)

VOLUME_RULES = rules(
    cel(
        "has(self.claimName) != has(self.size)",
        "give either claimName (an existing claim) or size (a volume to make), not both and not neither",
    )
)


def name_rules(longest: int) -> dict[str, Any]:
    """Return the rules of a resource's name after which Services are named."""
    return rules(
        cel(
            f"size(self.metadata.name) <= {longest}",
            f"metadata.name is longer than {longest} characters: the names and labels of the pods that are made "
            "from it would pass Kubernetes' limit of 63",
        ),
        cel(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name has to start with a letter and may hold lower-case letters, digits and dashes only: "
            "Services are named after it",
        ),
    )


NAME_RULES = name_rules(LONGEST_NAME)

MEMBERS_RULE = cel(
    # Said of changes only: a status that is written must never be refused for it.
    "self.spec.masters.replicas == oldSelf.spec.masters.replicas || self.spec.masters.replicas == 0 || "
    "!has(self.status) || !has(self.status.journal) || !has(self.status.journal.members) || "
    "self.spec.masters.replicas == self.status.journal.members",
    "spec.masters.replicas can only be set to the number of masters that the journal was made for, which is in "
    "status.journal.members, or to 0",
    field_path=".spec.masters.replicas",
)
"""Reaches back behind a 0 in between, which the rule of the spec can't."""

ROOT_RULES = rules(*NAME_RULES["x-kubernetes-validations"], MEMBERS_RULE, *SIZES_KEPT)
"""CEL rules of the whole resource."""

RULES_BY_TYPE = {
    "ClusterSpec": SPEC_RULES,
    "Workers": WORKERS_RULES,
    "ClaimedVolume": VOLUME_RULES,
    "Tier": TIER_RULES,
    "TierStorage": TIER_STORAGE_RULES,
    "Service": EXPOSURE_RULES,
    "ProxyService": EXPOSURE_RULES,
    "MasterNodePorts": MASTER_NODE_PORTS_RULES,
    "Fuse": FUSE_RULES,
    **UFS_RULES_BY_TYPE,
}
"""CEL rules that belong to a whole type."""
