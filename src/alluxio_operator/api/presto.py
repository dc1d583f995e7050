"""The Presto resource: a query engine with the cache."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.alluxiocluster import Image
from alluxio_operator.api.base import LocalReference, Model, Port, Quantity, cel, rules
from alluxio_operator.api.catalogs import CATALOG_RULES, HIVE_RULES, Catalogs, PrestoProperties
from alluxio_operator.api.network import ACCESS_RULES, ACCESS_TEXT, Access
from alluxio_operator.api.roles import Role
from alluxio_operator.api.scaling import AUTOSCALING_RULES, LOAD_RULES, Autoscaling
from alluxio_operator.api.security import SECURITY_RULES, Security
from alluxio_operator.api.services import EXPOSURE_RULES, Exposure, NodePort

KIND = "Presto"

LONGEST_NAME = 40
"""Longest name, so that names of Services and labels with it stay within Kubernetes' limit of 63."""


Engine = Literal["Presto", "Trino"]
"""Both stem from one program. They differ in how they are started, configured, asked and drained."""


class PrestoImage(Image):
    """The image of coordinator and workers."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*$", max_length=255)] | None = Field(  # type: ignore[assignment]
        None,
        description="Repository of the image. Default: prestodb/presto for engine Presto, trinodb/trino for engine "
        "Trino.",
    )


class PrestoPorts(Model):
    """Ports of a Presto server."""

    http: Port = Field(8080, description="HTTP port: queries, discovery and data between servers.")


class PrestoRole(Role):
    """Fields of coordinator and workers."""

    properties: PrestoProperties = Field(
        {}, description="Properties of config.properties for this role; they override spec.properties."
    )
    ports: PrestoPorts = Field(PrestoPorts(), description="Ports.")
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=7200)] | None = Field(  # type: ignore[assignment]
        None,
        description="Seconds until a server that stops is killed. Default and minimum: what gracefulShutdown needs.",
    )


class Coordinator(PrestoRole):
    """The coordinator: it plans queries and assigns their tasks to the workers."""


class PrestoWorkers(PrestoRole):
    """The workers: they execute the tasks of queries."""

    replicas: Annotated[int, Field(ge=0, le=1000)] = Field(
        1, description="Number of workers. With autoscaling it is the minimum, unless autoscaling.minReplicas is given."
    )
    max_surge: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="How many workers a rollout may start beyond the wanted number."
    )
    max_unavailable: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="How many workers a rollout may stop before their replacements are ready."
    )


class GracefulShutdown(Model):
    """How servers stop without failing queries."""

    grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        120,
        description="A server that stops finishes queries that need no longer than this, in seconds. The operator "
        "derives the pods' termination grace period from it.",
    )


class AlluxioOfPresto(Model):
    """The cache through which the Hive catalogs read and write."""

    cluster_ref: LocalReference = Field(description="The AlluxioCluster, in the same namespace.")
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)] = Field(
        "alluxio",
        description="User as whom the servers work in Alluxio (HADOOP_USER_NAME). The default owns the root of the "
        "name space; other users can write only where permissions allow it.",
    )
    colocate: Literal["None", "Preferred", "Required"] = Field(
        "Preferred",
        description="Whether workers run on nodes that have a worker of the cluster. None: anywhere. Preferred: where "
        "possible. Required: only there. If the cluster has shortCircuit, they then read its blocks without the "
        "network. A podAffinity of the workers replaces it.",
    )
    client: Literal["Cluster", "Image"] = Field(
        "Cluster",
        description="Where Presto's Alluxio client comes from. Cluster: from the image of the AlluxioCluster, in every "
        "plugin of Presto that has one. Image: from Presto's own image; the one in the public image of Presto finds no "
        "Alluxio 2.9. Trino always uses its own client.",
    )


class PrestoNodePorts(Model):
    """Ports on every node that lead to the coordinator."""

    http: NodePort | None = Field(
        None, description="Port that leads to the HTTP port. Default: Kubernetes chooses one."
    )


class PrestoService(Exposure):
    """The Service through which clients reach the coordinator."""

    node_ports: PrestoNodePorts | None = Field(
        None, description="Ports on every node, for types NodePort and LoadBalancer."
    )


class PrestoSpec(Model):
    """The desired state of a Presto cluster."""

    engine: Engine = Field(
        "Presto",
        description="Engine of coordinator and workers. Trino also needs version: the default version is one of "
        "Presto.",
    )
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$", max_length=16)] = Field(
        "0.287",
        description="Version of the engine, such as 0.287 for Presto or 476 for Trino. Also the default of image.tag.",
    )
    image: PrestoImage = Field(PrestoImage(), description="The image of coordinator and workers.")
    alluxio: AlluxioOfPresto | None = Field(
        None, description="The cache through which the Hive catalogs read and write."
    )
    catalogs: Catalogs = Field((), description="The catalogs that can be queried.")
    properties: PrestoProperties = Field({}, description="Properties of config.properties for all servers.")
    coordinator: Coordinator = Field(Coordinator(), description="The coordinator.")
    workers: PrestoWorkers = Field(PrestoWorkers(), description="The workers.")
    autoscaling: Autoscaling | None = Field(
        None,
        description="How the number of workers follows the time of day and the load. The spec is never written.",
    )
    graceful_shutdown: GracefulShutdown = Field(
        GracefulShutdown(), description="How servers stop without failing queries."
    )
    memory_per_query: Quantity | None = Field(
        None,
        description="Memory that one query may use on one server (query.max-memory-per-node). Default: two fifths of "
        "the heap.",
    )
    service: PrestoService = Field(PrestoService(), description="The Service for clients.")
    access: Access | None = Field(None, description=ACCESS_TEXT)
    security: Security = Field(Security(), description="User and groups of the pods.")


PRESTO_SPEC_RULES = rules(
    cel(
        "self.engine != 'Presto' || self.version.contains('.')",
        "spec.engine is Presto, but a version without a dot is one of Trino: set spec.version to a version of Presto "
        "such as 0.287, or spec.engine to Trino",
        field_path=".version",
    ),
    cel(
        "self.engine != 'Trino' || !self.version.contains('.')",
        "spec.engine is Trino, but a version with a dot is one of Presto: set spec.version to a version of Trino such "
        "as 476, or spec.engine to Presto",
        field_path=".version",
    ),
    cel(
        "self.workers.maxSurge > 0 || self.workers.maxUnavailable > 0",
        "a rollout of the workers needs room: set spec.workers.maxSurge or spec.workers.maxUnavailable above 0",
        field_path=".workers",
    ),
    cel(
        "!has(self.service.loadBalancerClass) || !has(oldSelf.service.loadBalancerClass) || "
        "self.service.loadBalancerClass == oldSelf.service.loadBalancerClass",
        "spec.service.loadBalancerClass can't be changed while the Service is a LoadBalancer: set type to ClusterIP "
        "first, then to LoadBalancer with the new class",
        field_path=".service.loadBalancerClass",
    ),
)

RULES_BY_TYPE = {
    "PrestoSpec": PRESTO_SPEC_RULES,
    "PrestoService": EXPOSURE_RULES,
    "Catalog": CATALOG_RULES,
    "HiveCatalog": HIVE_RULES,
    "Autoscaling": AUTOSCALING_RULES,
    "LoadScaling": LOAD_RULES,
    **ACCESS_RULES,
    **SECURITY_RULES,
}
"""CEL rules by type."""
