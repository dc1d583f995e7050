"""The AlluxioCluster resource: the spec of one Alluxio cluster, with its validation rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from alluxio_operator.api.access import FUSE_RULES, Fuse, Proxy
from alluxio_operator.api.alluxiobackup_destination import DESTINATION_RULES
from alluxio_operator.api.alluxiodrill import SAMPLE_RULES
from alluxio_operator.api.backups import BACKUPS_RULES, ScheduledBackups
from alluxio_operator.api.base import LocalReference, Model, Port, Quantity, StringMap, cel, rules
from alluxio_operator.api.bootstrap import BOOTSTRAP_RULES, RESTORE_KEPT, Bootstrap
from alluxio_operator.api.inplace import IN_PLACE_RULES, RestoreInPlace
from alluxio_operator.api.network import ACCESS_RULES, ACCESS_TEXT, Access
from alluxio_operator.api.roles import Process, Properties, Role, Storage, list_map
from alluxio_operator.api.security import IDENTITY_KEPT, SECURITY_RULES, Security
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
from alluxio_operator.api.upgrade import UPGRADE_RULES, Upgrade
from alluxio_operator.api.volumes import JOURNAL_CLASS_KEPT, LOGS_CLASS_KEPT, SIZES_KEPT

KIND = "AlluxioCluster"

LONGEST_NAME = 40
"""Longest name of a cluster: a pod label carries NAME-job-master-<hash of 10>; a label's value has at most 63."""


class Image(Model):
    """The image of every Alluxio process."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*$", max_length=255)] = Field(
        "alluxio/alluxio", description="Repository of the image."
    )
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=128)] | None = Field(
        None, description="Tag of the image. Default: the version of the cluster."
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        "IfNotPresent", description="When the kubelet pulls the image."
    )
    pull_secrets: Annotated[tuple[LocalReference, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = (
        Field((), description="Secrets that hold the credentials of the registry.")
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

    logs: Port = Field(45600, description="Port that receives the logs of the other roles.")


class Journal(Model):
    """The masters' journal: the only store of Alluxio's metadata."""

    storage: Storage = Field(Storage(), description="Volume of each master's journal.")
    free_space_watermark: Annotated[int, Field(ge=3, le=50)] = Field(
        15,
        description="Percent of a journal volume that should be free. Below it, condition JournalSpace is False, until "
        "5 percent points more are free.",
    )


class Masters(Role):
    """The masters: they hold Alluxio's namespace and the locations of blocks."""

    replicas: Literal[0, 1, 3, 5] = Field(
        1,
        description="Number of masters. 3 masters tolerate the loss of 1, 5 masters the loss of 2. 0 stops the masters "
        "and keeps their journal: from 0, only the number in status.journal.members is valid. The operator changes the "
        "number while the masters run, one master at a time.",
    )
    replace_after_seconds: Annotated[int, Field(ge=30, le=604800)] = Field(
        600,
        description="Seconds after which one of several masters gets an empty volume in place of one that is lost for "
        "good: its PersistentVolume, or the node that it belongs to, was deleted. The others have every entry.",
    )
    ports: MasterPorts = Field(MasterPorts(), description="Ports.")
    journal: Journal = Field(Journal(), description="The journal.")


class Workers(Role):
    """The workers: they hold the cached data."""

    # While no master answers, a worker that gets SIGTERM keeps retrying to reach one until SIGKILL.
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        30, description="Seconds between SIGTERM and SIGKILL when a pod stops."
    )

    workload: Literal["DaemonSet", "StatefulSet"] = Field(
        "DaemonSet",
        description="DaemonSet: one worker on every node that nodeSelector and tolerations allow. StatefulSet: the "
        "number of workers in replicas. Immutable.",
    )
    replicas: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        None, description="Number of workers of a StatefulSet. Default: 1."
    )
    ports: WorkerPorts = Field(WorkerPorts(), description="Ports.")
    tiers: Annotated[
        tuple[Tier, ...],
        Field(min_length=1, max_length=3, json_schema_extra={**list_map("name"), **TIERS_RULES}),
    ] = Field((Tier(),), description="The levels of the cache, from fast to slow: MEM, SSD, HDD.")
    tier_reserve: Quantity | None = Field(
        None,
        description="Space that each of several tiers keeps free, so that Alluxio can move blocks between them. "
        "Default: an eighth of the smallest quota, at most 1Gi.",
    )
    short_circuit: ShortCircuit = Field(
        ShortCircuit(), description="How clients on a worker's node read its blocks without the network."
    )
    at_risk_limit: Quantity | None = Field(
        None,
        description="Bytes that one worker may be the only one to have while they are in no UFS, as of files written "
        "with MUST_CACHE. Condition AtRiskWithinLimit is False while a worker stays above it. Default: no limit.",
    )
    at_risk_interval_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        15,
        description="Minutes between two listings that find the data at risk, for status.atRisk. The operator waits "
        "longer if a listing would take more than 1 percent of the time. 0: no listing.",
    )

    @property
    def count(self) -> int:
        """Number of workers of a StatefulSet; a DaemonSet runs one per node instead."""
        return 1 if self.replicas is None else self.replicas


class JobMaster(Role):
    """The master of the job service."""

    ports: JobMasterPorts = Field(JobMasterPorts(), description="Ports.")


class JobWorker(Process):
    """The workers of the job service; each runs in the pod of a worker and processes its blocks."""

    ports: JobWorkerPorts = Field(JobWorkerPorts(), description="Ports.")


class JobService(Model):
    """The job service: it persists, replicates and loads data in the background."""

    enabled: bool = Field(True, description="Run the job service.")
    master: JobMaster = Field(JobMaster(), description="The master of the job service.")
    worker: JobWorker = Field(JobWorker(), description="The workers of the job service.")


class LogServer(Role):
    """The log server: it collects the logs of all roles on one volume."""

    enabled: bool = Field(True, description="Run the log server.")
    ports: LogServerPorts = Field(LogServerPorts(), description="Ports.")
    storage: Storage = Field(Storage(), description="Volume for the logs.")


class ClusterSpec(Model):
    """Desired state of an Alluxio cluster."""

    version: Literal["2.9.3", "2.9.4"] = Field(
        "2.9.4",
        description="Version of Alluxio. It selects version-specific behaviour, such as probe paths, and it is the "
        "default of image.tag.",
    )
    image: Image = Field(Image(), description="The image of every Alluxio process.")
    root_mount: RootMount = Field(description="The under storage (UFS) at the root of Alluxio's namespace.")
    properties: Properties = Field({}, description="Alluxio properties of all roles.")
    masters: Masters = Field(Masters(), description="The masters.")
    workers: Workers = Field(Workers(), description="The workers.")
    job_service: JobService = Field(JobService(), description="The job service.")
    log_server: LogServer = Field(LogServer(), description="The log server.")
    proxy: Proxy = Field(Proxy(), description="The proxy: access over S3 and REST.")
    fuse: Fuse = Field(Fuse(), description="FUSE: Alluxio's namespace as a mounted folder on nodes.")
    service: Service = Field(Service(), description="The Service for clients.")
    service_account_annotations: Annotated[StringMap, Field()] = Field(
        {}, description="Annotations of the pods' service account, such as a cloud's workload identity."
    )
    upgrade: Upgrade = Field(Upgrade(), description="How a changed spec replaces pods.")
    backup: ScheduledBackups = Field(ScheduledBackups(), description="Scheduled backups of the journal.")
    bootstrap: Bootstrap | None = Field(None, description="What a new cluster begins with.")
    restore_in_place: RestoreInPlace | None = Field(
        None,
        description="A backup that replaces all names of this cluster, once it is confirmed. It can be removed at any "
        "time; once the masters stop, the restore goes on without it.",
    )
    paused: bool = Field(
        False,
        description="While true, the operator creates, changes and deletes nothing of the cluster. It keeps updating "
        "the status; the condition Paused lists the pending changes.",
    )
    access: Access | None = Field(None, description=ACCESS_TEXT)
    security: Security = Field(Security(), description="User and groups of the pods.")
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain",
        description="Whether the PVCs of the journal and of tiers are kept when the resource is deleted. The PVC that "
        "the operator created for the root mount is always kept: it holds the data itself.",
    )


SPEC_RULES = rules(
    cel(
        "self.workers.workload == oldSelf.workers.workload",
        "spec.workers.workload can't be changed: the new workload would start with an empty cache while the old one "
        "runs; create another AlluxioCluster instead",
        field_path=".workers.workload",
    ),
    JOURNAL_CLASS_KEPT,
    cel(
        "self.masters.ports.embeddedJournal == oldSelf.masters.ports.embeddedJournal",
        "spec.masters.ports.embeddedJournal can't be changed: the journal identifies its members by host and port; "
        "create another AlluxioCluster instead",
        field_path=".masters.ports.embeddedJournal",
    ),
    ROOT_MOUNT_KEPT,
    IDENTITY_KEPT,
    LOGS_CLASS_KEPT,
    RESTORE_KEPT,
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
        "give either claimName (an existing PVC) or size (a PVC to create): exactly one of them",
    )
)


def name_rules(longest: int) -> dict[str, Any]:
    """Return the CEL rules for the name of a resource whose Services carry that name."""
    return rules(
        cel(
            f"size(self.metadata.name) <= {longest}",
            f"metadata.name is longer than {longest} characters: names and labels of pods derive from it, and would "
            "exceed Kubernetes' limit of 63",
        ),
        cel(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must start with a letter and may contain only lower-case letters, digits and dashes: "
            "the names of Services derive from it",
        ),
    )


NAME_RULES = name_rules(LONGEST_NAME)

MEMBERS_RULE = cel(
    # Only a change of the spec can break it: the API server must never reject a status update because of this rule.
    "self.spec.masters.replicas == oldSelf.spec.masters.replicas || oldSelf.spec.masters.replicas != 0 || "
    "!has(self.status) || !has(self.status.journal) || !has(self.status.journal.members) || "
    "self.spec.masters.replicas == self.status.journal.members",
    "after 0, spec.masters.replicas can only be set to the number of masters that the journal has, which is in "
    "status.journal.members: the operator changes the number while the masters run",
    field_path=".spec.masters.replicas",
)
"""Remembers the number of masters across a 0 in between: stopped masters can't change their quorum."""

NOT_STOPPED_RULE = cel(
    "self.spec.masters.replicas != 0 || oldSelf.spec.masters.replicas == 0 || !has(self.status) || "
    "!has(self.status.journal) || !has(self.status.journal.change) || self.status.journal.change.state == 'Leading'",
    "spec.masters.replicas can't be set to 0 while the number of masters changes: wait until status.journal.change is "
    "gone, or set it back to status.journal.members first",
    field_path=".spec.masters.replicas",
)
"""A quorum in the middle of a change may need every master to go on."""

ROOT_RULES = rules(*NAME_RULES["x-kubernetes-validations"], MEMBERS_RULE, NOT_STOPPED_RULE, *SIZES_KEPT)
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
    **ACCESS_RULES,
    **BACKUPS_RULES,
    **BOOTSTRAP_RULES,
    **IN_PLACE_RULES,
    **DESTINATION_RULES,
    **SECURITY_RULES,
    **SAMPLE_RULES,
    **UFS_RULES_BY_TYPE,
    **UPGRADE_RULES,
}
"""CEL rules of whole types, by type name."""
