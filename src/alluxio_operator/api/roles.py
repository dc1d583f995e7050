"""What every role of a cluster (master, worker, ...) can be given: properties, JVM, resources, placement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from alluxio_operator.api.base import Model, Name, ObjectName, Opaque, Quantity, StringMap, cel, rules

# By the words that such properties have in common: the UFS connectors have dozens of them, and more with each version.
CREDENTIAL = "(secret|password|access[.]?key|account[.]key)"
CREDENTIALS_ELSEWHERE = (
    "credentials do not belong into a spec, where everybody who may read the resource sees them; keep them in a Secret"
)

PROPERTIES_RULES = rules(
    cel(
        "self.all(k, k.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$') && size(k) <= 256)",
        "property names may hold letters, digits, dots, dashes and underscores, such as "
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
    """The Java virtual machine of one role."""

    heap: Quantity | None = Field(
        None,
        description="Size of the heap (-Xms and -Xmx). Derived from the memory limit when it isn't given.",
    )
    direct_memory: Quantity | None = Field(
        None, description="Limit of the memory outside the heap that buffers use (-XX:MaxDirectMemorySize)."
    )
    options: Annotated[
        tuple[JvmOption, ...],
        Field(
            max_length=32,
            json_schema_extra=rules(
                cel(
                    "self.all(o, !o.matches('^-(Xmx|Xms|XX:(MaxHeapSize|InitialHeapSize|MaxDirectMemorySize)=)'))",
                    "the heap and the direct memory are set by jvm.heap and jvm.directMemory, so that they can be "
                    "checked against the memory limit",
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
    """What a container asks for and what it may use at most."""

    requests: ResourceAmounts = Field(ResourceAmounts(), description="What the scheduler sets aside.")
    limits: ResourceAmounts = Field(
        ResourceAmounts(),
        description="What may be used at most. The memory limit is derived from heap, direct memory and tiers "
        "when it isn't given.",
    )


class KeySelector(Model):
    """A key of a Secret or a ConfigMap in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    key: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="The key in it.")
    optional: bool = Field(False, description="Start without the variable when it is missing.")


class FieldSelector(Model):
    """A field of the pod itself."""

    field_path: Annotated[str, Field(min_length=1, max_length=253)] = Field(
        description="Path of the field, such as status.podIP."
    )


class EnvSource(Model):
    """Where the value of an environment variable comes from; one of its fields."""

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap.")
    field_ref: FieldSelector | None = Field(None, description="A field of the pod.")


class EnvVar(Model):
    """An environment variable of a container."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)] = Field(
        description="Name of the variable."
    )
    value: Annotated[str, Field(max_length=4096)] | None = Field(None, description="Its value.")
    value_from: EnvSource | None = Field(None, description="Where its value comes from.")


class Toleration(Model):
    """Lets pods run on nodes with a matching taint."""

    key: Annotated[str, Field(max_length=316)] | None = Field(None, description="Key of the taint.")
    operator: Literal["Exists", "Equal"] | None = Field(None, description="How the value is compared.")
    value: Annotated[str, Field(max_length=63)] | None = Field(None, description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint; all when it isn't given."
    )
    toleration_seconds: int | None = Field(None, description="For NoExecute: seconds until the pod has to go.")


def list_map(*keys: str) -> dict[str, Any]:
    """Return the schema extension of a list whose entries are told apart by `keys`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class HandedThrough(Model):
    """A Kubernetes structure of which a few fields are looked at here; the API server checks the others where it is
    used.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})


class Volume(HandedThrough):
    """A volume of a pod, as in a pod's spec."""

    name: Name = Field(description="Name of the volume.")


class VolumeMount(HandedThrough):
    """Where a container has a volume, as in a pod's spec."""

    name: Name = Field(description="Name of the volume, one of the role's volumes.")
    mount_path: Annotated[str, Field(pattern=r"^/[^:]+$", max_length=1024)] = Field(
        description="Absolute path in the container."
    )


class TopologySpreadConstraint(HandedThrough):
    """How evenly pods are spread, as in a pod's spec."""

    topology_key: Annotated[str, Field(min_length=1, max_length=316)] = Field(
        description="Label of nodes by which they are grouped, such as topology.kubernetes.io/zone."
    )
    max_skew: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="By how many pods two groups may differ at most."
    )
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        "ScheduleAnyway", description="What becomes of a pod that can't be placed so."
    )


Volumes = Annotated[tuple[Volume, ...], Field(max_length=32, json_schema_extra=list_map("name"))]
VolumeMounts = Annotated[tuple[VolumeMount, ...], Field(max_length=32, json_schema_extra=list_map("mountPath"))]
Spread = Annotated[
    tuple[TopologySpreadConstraint, ...],
    Field(max_length=8, json_schema_extra=list_map("topologyKey", "whenUnsatisfiable")),
]

EnvVars = Annotated[tuple[EnvVar, ...], Field(max_length=64, json_schema_extra=list_map("name"))]


class Process(Model):
    """One Java process of Alluxio: what can be said of its container."""

    properties: Properties = Field(
        {}, description="Alluxio properties of this role; they win over those of the cluster."
    )
    jvm: Jvm = Field(Jvm(), description="The Java virtual machine.")
    resources: Resources = Field(Resources(), description="CPU and memory.")
    env: EnvVars = Field((), description="Environment variables.")
    volume_mounts: VolumeMounts = Field((), description="Where the container has the role's own volumes.")


class Placement(Model):
    """Where the pods of a role run and what marks them."""

    node_selector: StringMap = Field({}, description="Labels that a node must have.")
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = Field(
        (), description="Taints that the pods tolerate."
    )
    affinity: Opaque | None = Field(None, description="Affinity of the pods, as in a pod's spec.")
    topology_spread_constraints: Spread = Field(
        (),
        description="How evenly the pods are spread, as in a pod's spec. Without a labelSelector it is the role's own "
        "pods that count. Workers of a StatefulSet and proxies spread over nodes where they can when nothing is given.",
    )
    volumes: Volumes = Field((), description="Further volumes of the pods, as in a pod's spec; see volumeMounts.")
    priority_class_name: ObjectName | None = Field(None, description="Priority class of the pods.")
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        60, description="Seconds between the wish to stop and the end by force."
    )
    pod_labels: Annotated[
        StringMap,
        Field(
            json_schema_extra=rules(
                cel(
                    "self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('alluxio-operator.io/'))",
                    "labels below app.kubernetes.io/ and alluxio-operator.io/ are the operator's own",
                )
            )
        ),
    ] = Field({}, description="Further labels of the pods.")
    pod_annotations: StringMap = Field({}, description="Further annotations of the pods.")


class Role(Process, Placement):
    """A role with pods of its own."""


class Storage(Model):
    """A volume that is made from a storage class."""

    size: Quantity = Field("1Gi", description="Size of the volume.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class; the default one when it isn't given."
    )


class ClaimedVolume(Model):
    """A volume below the root mount: an existing claim, or one that the operator makes."""

    claim_name: Name | None = Field(
        None, description="Name of an existing PersistentVolumeClaim in the same namespace."
    )
    size: Quantity | None = Field(None, description="Size of the volume to make.")
    storage_class_name: ObjectName | None = Field(
        None, description="Storage class of the volume to make; the default one when it isn't given."
    )
    access_modes: Annotated[
        tuple[Literal["ReadWriteOnce", "ReadWriteMany"], ...], Field(min_length=1, max_length=2)
    ] = Field(
        ("ReadWriteMany",),
        description="How the volume may be mounted. Masters and workers on several nodes need ReadWriteMany.",
    )
