"""What the status of every kind is made of: conditions, changes, inventory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model
from alluxio_operator.api.roles import list_map

Short = Annotated[str, Field(max_length=253)]
Message = Annotated[str, Field(max_length=4096)]

ShortQuantity = Annotated[str, Field(max_length=16)]
"""A quantity for people to read, such as 250m cores or 1.5Gi."""

Phase = Literal["Pending", "Installing", "Ready", "Updating", "Degraded", "Stopped", "Paused", "Invalid"]


class Condition(Model):
    """One thing that is true, false or not known of the resource, and since when."""

    type: Annotated[str, Field(max_length=64)] = Field(description="What it is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: Annotated[str, Field(max_length=64)] = Field(description="One word for the cause, for programs.")
    message: Message = Field("", description="The cause in a sentence, for people.")
    last_transition_time: Short = Field(description="When the status last changed (RFC 3339).")
    observed_generation: int = Field(0, description="Generation of the resource that it was said of.")


class RoleUsage(Model):
    """CPU and memory of all pods of a role together, as metrics.k8s.io tells them."""

    role: Annotated[str, Field(max_length=32)] = Field(description="The role.")
    cpu_before: ShortQuantity | None = Field(None, description="Cores in use when the change began.")
    cpu_peak: ShortQuantity | None = Field(
        None, description="Most cores in use meanwhile, each an average of the time between two measurements."
    )
    memory_before: ShortQuantity | None = Field(None, description="Memory in use when the change began.")
    memory_peak: ShortQuantity | None = Field(None, description="Most memory in use meanwhile.")


class Usage(Model):
    """What a change cost in CPU and memory."""

    unavailable: Annotated[str, Field(max_length=256)] | None = Field(
        None, description="Why nothing is known of it; not given when something is."
    )
    roles: Annotated[tuple[RoleUsage, ...], Field(max_length=8)] = Field(
        (),
        description="Each role. Peaks are written by steps of a tenth; one that isn't given wasn't measured in this "
        "time.",
    )


class Change(Model):
    """One change: what was asked for, and what came of it."""

    what: Literal["Installed", "Changed", "Scaled", "Restarted", "Upgraded", "RolledBack"] = Field(
        description="What kind of change it was."
    )
    from_: Short | None = Field(None, alias="from", description="What it was before: a version, a number of workers.")
    to: Short | None = Field(None, description="What it was to be.")
    started: Short = Field(description="When the operator began with it.")
    ended: Short | None = Field(None, description="When it was done; not yet when it isn't given.")
    outcome: Literal["Succeeded", "Failed", "Superseded"] | None = Field(
        None,
        description="What came of it: Failed when a pod wasn't well in its time, Superseded when another change came "
        "first.",
    )
    restarts: Annotated[tuple[Short, ...], Field(max_length=8)] = Field(
        (),
        description="Roles whose pods it replaces, told before the first of them is; none when it is empty.",
    )
    replaced: int = Field(0, description="Pods that the operator replaced for it.")
    generation: int = Field(0, description="Generation of the resource.")
    by: Short | None = Field(None, description="Who asked for it: the field manager that last wrote the spec.")
    usage: Usage | None = Field(
        None, description="CPU and memory of the pods meanwhile. Not given for a change that was done at once."
    )
    message: Annotated[str, Field(max_length=256)] = Field("", description="Details.")


class InventoryItem(Model):
    """One object that the operator makes for the resource."""

    api_version: Short = Field(description="API version of the object.")
    kind: Short = Field(description="Kind of the object.")
    name: Short = Field(description="Name of the object.")


class OperationStatus(Model):
    """One operation that disrupts the resource, or waits until another one no longer does."""

    name: Annotated[str, Field(max_length=32)] = Field(
        description="One of heal, restore, rollback, decommission, rollout, expansion, rebalance and tuning."
    )
    waits_for: Annotated[str, Field(max_length=32)] | None = Field(
        None, description="The operation that goes first; not given for the one that acts."
    )
    since: Short = Field(description="Since when it acts, or waits (RFC 3339).")


Inventory = Annotated[
    tuple[InventoryItem, ...],
    Field(
        max_length=256,
        description="The objects that the operator makes, recorded before the first of them; what drops out of it is "
        "deleted.",
    ),
]
"""The last field of each kind's status; the engine keeps it."""


class JobRun(Model):
    """One Job of Kubernetes that does some work once for the resource; recorded before the Job is created."""

    name: Annotated[str, Field(max_length=63)] = Field(description="The Job.")
    attempt: int = Field(0, description="How many Jobs tried the same work before.")
    state: Literal["Requested", "Running", "Completed", "Failed"] = Field(description="How it stands.")
    since: Short = Field(description="Since when it is in this state (RFC 3339).")
    reason: Annotated[str, Field(max_length=64)] = Field("", description="Why it failed, in one word for programs.")
    message: Annotated[str, Field(max_length=512)] = Field(
        "", description="What its pods said last, also those of the attempt before."
    )


class RoleMemory(Model):
    """How the memory of one process is divided; the parts add up to at most the limit."""

    role: Annotated[str, Field(max_length=32)] = Field(description="Name of the role.")
    heap: Annotated[str, Field(max_length=32)] = Field(description="Heap of the JVM.")
    direct: Annotated[str, Field(max_length=32)] = Field(description="Direct memory of the JVM.")
    overhead: Annotated[str, Field(max_length=32)] = Field(
        description="Set aside for the rest of the process: classes, code, threads, collector."
    )
    tiers: Annotated[str, Field(max_length=32)] = Field("0", description="Tiers in memory.")
    limit: Annotated[str, Field(max_length=32)] = Field(description="Memory limit of the container.")


class OwnerStatus(Model):
    """What the status of every kind says."""

    observed_generation: int = Field(0, description="Generation of the spec that the rest speaks of.")
    phase: Phase = Field("Pending", description="The state in one word.")
    summary: Annotated[str, Field(max_length=512)] = Field("", description="The state in one line.")
    conditions: Annotated[tuple[Condition, ...], Field(max_length=32, json_schema_extra=list_map("type"))] = Field(
        (), description="Ready, Progressing, Degraded, SpecValid, and one per gate of the installation."
    )
    replicas: int = Field(0, description="Workers that exist, for the scale subresource.")
    selector: Message | None = Field(None, description="Labels of the workers' pods, for the scale subresource.")
