"""Status fields that every kind shares: conditions, changes, inventory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.lenient import KEPT, SIZE, TIME, StatusModel
from alluxio_operator.api.roles import list_map

Short = Annotated[str, Field(max_length=253)]
Message = Annotated[str, Field(max_length=4096)]

ShortQuantity = Annotated[str, Field(max_length=16), SIZE]
"""A rounded quantity for display, such as 250m cores or 1.5Gi."""

Time = Annotated[str, *TIME]
"""A time in RFC 3339."""

Phase = Annotated[
    Literal["Pending", "Installing", "Ready", "Updating", "Degraded", "Stopped", "Paused", "Invalid"], KEPT
]


class Condition(StatusModel):
    """A condition of the resource, as Kubernetes defines it."""

    type: Annotated[str, Field(max_length=64)] = Field(description="Type of the condition, such as Ready.")
    status: Annotated[Literal["True", "False", "Unknown"], KEPT] = Field(description="Status of the condition.")
    reason: Annotated[str, Field(max_length=64)] = Field(description="The cause as one CamelCase phrase, for programs.")
    message: Message = Field("", description="The cause in a sentence, for people.")
    last_transition_time: Time = Field(description="Time at which the status last changed (RFC 3339).")
    observed_generation: int = Field(0, description="Generation of the resource that the condition describes.")


class RoleUsage(StatusModel):
    """CPU and memory of all pods of a role together, as metrics.k8s.io reports them."""

    role: Annotated[str, Field(max_length=32)] = Field(description="The role.")
    cpu_before: ShortQuantity | None = Field(None, description="Cores in use when the change began.")
    cpu_peak: ShortQuantity | None = Field(
        None, description="Peak of the cores in use; each sample is an average between two measurements."
    )
    memory_before: ShortQuantity | None = Field(None, description="Memory in use when the change began.")
    memory_peak: ShortQuantity | None = Field(None, description="Peak of the memory in use.")


class Usage(StatusModel):
    """CPU and memory of the pods during a change."""

    unavailable: Annotated[str, Field(max_length=256)] | None = Field(
        None, description="Why there are no measurements; absent if there are some."
    )
    roles: Annotated[tuple[RoleUsage, ...], Field(max_length=8)] = Field(
        (),
        description="Usage of each role. Peaks change in steps of a tenth; an absent peak was not measured.",
    )


class Change(StatusModel):
    """One change of the resource, with its outcome."""

    what: Annotated[
        Literal["Installed", "Changed", "Scaled", "Restarted", "Upgraded", "RolledBack", "Restored", "Decommissioned"],
        KEPT,
    ] = Field(description="Type of the change.")
    from_: Short | None = Field(
        None,
        alias="from",
        description="Value before the change: a version or a number of workers. The operation of a restore.",
    )
    to: Short | None = Field(None, description="Desired value.")
    started: Time = Field(description="Time at which the operator began the change (RFC 3339).")
    ended: Time | None = Field(
        None, description="Time at which the change ended (RFC 3339); absent while it is in progress."
    )
    outcome: Annotated[Literal["Succeeded", "Failed", "Superseded"], KEPT] | None = Field(
        None,
        description="Outcome of the change. Failed: a pod wasn't ready in time. Superseded: another change came first.",
    )
    restarts: Annotated[tuple[Short, ...], Field(max_length=8)] = Field(
        (),
        description="Roles whose pods the change replaces, recorded before the first replacement; empty if none.",
    )
    replaced: int = Field(0, description="Number of pods that the operator replaced for the change.")
    generation: int = Field(0, description="Generation of the resource.")
    by: Short | None = Field(None, description="Field manager that last wrote the spec.")
    usage: Usage | None = Field(
        None, description="CPU and memory of the pods during the change; absent for a change without a rollout."
    )
    message: Annotated[str, Field(max_length=256)] = Field("", description="Details.")


class InventoryItem(StatusModel):
    """One object that the operator manages for the resource."""

    api_version: Short = Field(description="API version of the object.")
    kind: Short = Field(description="Kind of the object.")
    name: Short = Field(description="Name of the object.")


class OperationStatus(StatusModel):
    """A disruptive operation that acts on the resource, or waits for another one."""

    name: Annotated[str, Field(max_length=32)] = Field(
        description="One of heal, restore, restore-in-place, rollback, decommission, rollout, expansion, rebalance and "
        "tuning."
    )
    waits_for: Annotated[str, Field(max_length=32)] | None = Field(
        None, description="The operation that goes first; absent for the one that acts."
    )
    since: Time = Field(description="Time since which the operation acts, or waits (RFC 3339).")


Inventory = Annotated[
    tuple[InventoryItem, ...],
    Field(
        max_length=256,
        description="Objects that the operator manages, recorded before it creates them. The operator deletes an "
        "object that drops out of the list.",
    ),
]
"""The last field of each kind's status; the engine keeps it."""


class JobRun(StatusModel):
    """One Kubernetes Job of the resource. The operator records it before it creates the Job."""

    name: Annotated[str, Field(max_length=63)] = Field(description="Name of the Job.")
    attempt: int = Field(0, description="Number of earlier Jobs for the same work.")
    state: Annotated[Literal["Requested", "Running", "Completed", "Failed"], KEPT] = Field(
        description="State of the Job."
    )
    since: Time = Field(description="Time since which the Job is in this state (RFC 3339).")
    reason: Annotated[str, Field(max_length=64)] = Field(
        "", description="Cause of a failure as one CamelCase phrase, for programs."
    )
    message: Annotated[str, Field(max_length=512)] = Field(
        "", description="Last output of the Job's pods, or of the attempt before."
    )


class RoleMemory(StatusModel):
    """Memory layout of one process; the parts add up to at most the limit."""

    role: Annotated[str, Field(max_length=32)] = Field(description="Name of the role.")
    heap: Annotated[str, Field(max_length=32)] = Field(description="Heap of the JVM.")
    direct: Annotated[str, Field(max_length=32)] = Field(description="Direct memory of the JVM.")
    overhead: Annotated[str, Field(max_length=32)] = Field(
        description="Reserve for the rest of the process: classes, code, threads, garbage collector."
    )
    tiers: Annotated[str, Field(max_length=32)] = Field("0", description="Tiers in memory.")
    limit: Annotated[str, Field(max_length=32)] = Field(description="Memory limit of the container.")


class OwnerStatus(StatusModel):
    """Status fields of every kind."""

    observed_generation: int = Field(0, description="Generation of the spec that this status describes.")
    phase: Phase = Field("Pending", description="State in one word.")
    summary: Annotated[str, Field(max_length=512)] = Field("", description="State in one line.")
    conditions: Annotated[tuple[Condition, ...], Field(max_length=32, json_schema_extra=list_map("type"))] = Field(
        (), description="Ready, Progressing, Degraded, SpecValid, and one per gate of the installation."
    )
    replicas: int = Field(0, description="Number of workers, for the scale subresource.")
    selector: Message | None = Field(
        None, description="Label selector of the workers' pods, for the scale subresource."
    )
