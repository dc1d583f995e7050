"""Fields that every role (master, worker, ...) has: properties, JVM, resources, placement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from alluxio_operator.api.base import Model, Name, ObjectName, Opaque, Quantity, StringMap, cel, rules

# A match by words, not a list: the UFS connectors have dozens of such properties, and more with each version.
CREDENTIAL = "(secret|password|access[.]?key|account[.]key)"
CREDENTIALS_ELSEWHERE = (
    "a spec must not hold credentials, because everyone who can read the resource sees them: put them into a Secret"
)

PROPERTIES_RULES = rules(
    cel(
        "self.all(k, k.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$') && size(k) <= 256)",
        "property names may contain letters, digits, dots, dashes and underscores, such as "
        "alluxio.user.file.readtype.default",
    ),
    cel(f"self.all(k, !k.matches('(?i){CREDENTIAL}'))", CREDENTIALS_ELSEWHERE),
)

Properties = Annotated[
    Mapping[str, Annotated[str, Field(max_length=4096)]],
    Field(max_length=256, json_schema_extra=PROPERTIES_RULES),
]
"""Alluxio properties by name."""

JvmOption = Annotated[str, Field(pattern=r"^-[^\s'\"$`\\]+$", max_length=512)]


class Jvm(Model):
    """Settings of a role's Java virtual machine."""

    heap: Quantity | None = Field(
        None,
        description="Size of the heap (-Xms and -Xmx). Default: derived from the memory limit.",
    )
    direct_memory: Quantity | None = Field(
        None, description="Limit of the buffer memory outside the heap (-XX:MaxDirectMemorySize)."
    )
    options: Annotated[
        tuple[JvmOption, ...],
        Field(
            max_length=32,
            json_schema_extra=rules(
                cel(
                    "self.all(o, !o.matches('^-(Xmx|Xms|XX:(MaxHeapSize|InitialHeapSize|MaxDirectMemorySize)=)'))",
                    "set heap and direct memory by jvm.heap and jvm.directMemory: the operator checks those against "
                    "the memory limit",
                ),
                cel(f"self.all(o, !o.matches('(?i)^-D[^=]*{CREDENTIAL}'))", CREDENTIALS_ELSEWHERE),
            ),
        ),
    ] = Field((), description="Further options of the JVM, such as -XX:+UseG1GC; one option per entry.")


class ResourceAmounts(Model):
    """Amounts of CPU and memory."""

    cpu: Quantity | None = Field(None, description="CPU in cores, such as 500m or 2.")
    memory: Quantity | None = Field(None, description="Memory in bytes, such as 1Gi.")


class Resources(Model):
    """CPU and memory of a container."""

    requests: ResourceAmounts = Field(ResourceAmounts(), description="Amounts that the scheduler reserves.")
    limits: ResourceAmounts = Field(
        ResourceAmounts(),
        description="Upper limits. Default of the memory limit: derived from heap, direct memory and tiers.",
    )


class KeySelector(Model):
    """A key of a Secret or a ConfigMap in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    key: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="Key in the Secret or ConfigMap.")
    optional: bool = Field(False, description="Start without the variable if the key is missing.")


class FieldSelector(Model):
    """A field of the pod itself."""

    field_path: Annotated[str, Field(min_length=1, max_length=253)] = Field(
        description="Path of the field, such as status.podIP."
    )


class EnvSource(Model):
    """Source of an environment variable's value; exactly one field."""

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap.")
    field_ref: FieldSelector | None = Field(None, description="A field of the pod.")


class EnvVar(Model):
    """An environment variable of a container."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)] = Field(
        description="Name of the variable."
    )
    value: Annotated[str, Field(max_length=4096)] | None = Field(None, description="Value of the variable.")
    value_from: EnvSource | None = Field(None, description="Source of the value.")


class Toleration(Model):
    """A toleration: it allows pods on nodes with a matching taint."""

    key: Annotated[str, Field(max_length=316)] | None = Field(None, description="Key of the taint.")
    operator: Literal["Exists", "Equal"] | None = Field(None, description="Comparison with the taint's value.")
    value: Annotated[str, Field(max_length=63)] | None = Field(None, description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint. Default: all effects."
    )
    toleration_seconds: int | None = Field(None, description="For NoExecute: seconds until the pod is evicted.")


def list_map(*keys: str) -> dict[str, Any]:
    """Return the schema extension for a list whose entries `keys` identify."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class HandedThrough(Model):
    """A Kubernetes structure of which the operator reads a few fields; the API server validates the rest in the pod."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})


class Volume(HandedThrough):
    """A volume of a pod, as in a pod's spec."""

    name: Name = Field(description="Name of the volume.")


class VolumeMount(HandedThrough):
    """A volume mount of a container, as in a pod's spec."""

    name: Name = Field(description="Name of the volume, one of the role's volumes.")
    mount_path: Annotated[str, Field(pattern=r"^/[^:]+$", max_length=1024)] = Field(
        description="Absolute path in the container."
    )


class TopologySpreadConstraint(HandedThrough):
    """A topology spread constraint, as in a pod's spec."""

    topology_key: Annotated[str, Field(min_length=1, max_length=316)] = Field(
        description="Node label that groups nodes into domains, such as topology.kubernetes.io/zone."
    )
    max_skew: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="Largest difference in the number of pods between two domains."
    )
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        "ScheduleAnyway", description="Scheduling of a pod that would exceed maxSkew."
    )


Volumes = Annotated[tuple[Volume, ...], Field(max_length=32, json_schema_extra=list_map("name"))]
VolumeMounts = Annotated[tuple[VolumeMount, ...], Field(max_length=32, json_schema_extra=list_map("mountPath"))]
Spread = Annotated[
    tuple[TopologySpreadConstraint, ...],
    Field(max_length=8, json_schema_extra=list_map("topologyKey", "whenUnsatisfiable")),
]

EnvVars = Annotated[tuple[EnvVar, ...], Field(max_length=64, json_schema_extra=list_map("name"))]


class Process(Model):
    """One Java process: the fields of its container."""

    properties: Properties = Field(
        {}, description="Alluxio properties of this role. They override those of the cluster."
    )
    jvm: Jvm = Field(Jvm(), description="The Java virtual machine.")
    resources: Resources = Field(Resources(), description="CPU and memory.")
    env: EnvVars = Field((), description="Environment variables.")
    volume_mounts: VolumeMounts = Field((), description="Mounts of the role's volumes in the container.")


class Placement(Model):
    """Scheduling and metadata of a role's pods."""

    node_selector: StringMap = Field({}, description="Labels that a node must have.")
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = Field(
        (), description="Taints that the pods tolerate."
    )
    affinity: Opaque | None = Field(None, description="Affinity of the pods, as in a pod's spec.")
    topology_spread_constraints: Spread = Field(
        (),
        description="Topology spread constraints, as in a pod's spec. Default of labelSelector: the pods of the role. "
        "Default for workers of a StatefulSet and for proxies: spread over nodes with ScheduleAnyway.",
    )
    volumes: Volumes = Field((), description="Additional volumes of the pods, as in a pod's spec; see volumeMounts.")
    priority_class_name: ObjectName | None = Field(None, description="Priority class of the pods.")
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        60, description="Seconds between SIGTERM and SIGKILL when a pod stops."
    )
    pod_labels: Annotated[
        StringMap,
        Field(
            json_schema_extra=rules(
                cel(
                    "self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('alluxio-operator.io/'))",
                    "the operator sets the labels below app.kubernetes.io/ and alluxio-operator.io/: use another "
                    "prefix",
                )
            )
        ),
    ] = Field({}, description="Additional labels of the pods.")
    pod_annotations: StringMap = Field({}, description="Additional annotations of the pods.")


class Role(Process, Placement):
    """A role that runs in its own pods."""


class Storage(Model):
    """A volume that a storage class provisions."""

    size: Quantity = Field("1Gi", description="Size of the volume.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class. Default: the default storage class."
    )


class ClaimedVolume(Model):
    """A volume for the root mount: an existing PVC, or one that the operator creates."""

    claim_name: Name | None = Field(
        None, description="Name of an existing PersistentVolumeClaim in the same namespace."
    )
    size: Quantity | None = Field(None, description="Size of the PVC to create.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class of the PVC to create. Default: the default storage class."
    )
    access_modes: Annotated[
        tuple[Literal["ReadWriteOnce", "ReadWriteMany"], ...], Field(min_length=1, max_length=2)
    ] = Field(
        ("ReadWriteMany",),
        description="Access modes of the volume. Masters and workers on several nodes need ReadWriteMany.",
    )
