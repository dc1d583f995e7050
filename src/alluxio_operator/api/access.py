"""Access to an Alluxio cluster without its own client: the proxy (S3 and REST), and FUSE mounts on the nodes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Model, Port, cel, rules
from alluxio_operator.api.roles import Role
from alluxio_operator.api.services import ProxyService
from alluxio_operator.api.tiers import NO_DOTS, HostFolder

AlluxioPath = Annotated[str, Field(pattern=r"^(/|(/[^/\s\x00-\x1f'\"$`\\]+)+)$", max_length=1024)]
"""A path in Alluxio's namespace."""

FuseOption = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(=[A-Za-z0-9._:/-]+)?$", max_length=128)]
"""An option of a FUSE mount, such as kernel_cache or entry_timeout=60."""


class ProxyPorts(Model):
    """Ports of the proxy."""

    web: Port = Field(39999, description="HTTP port with the S3 and the REST interface.")


class Proxy(Role):
    """The proxy: it serves Alluxio's namespace over S3 and REST."""

    enabled: bool = Field(False, description="Run the proxy.")
    replicas: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Number of proxies.")
    ports: ProxyPorts = Field(ProxyPorts(), description="Ports.")
    service: ProxyService = Field(ProxyService(), description="The Service through which clients reach it.")


class FusePorts(Model):
    """Ports of a FUSE process."""

    web: Port = Field(49999, description="HTTP port with the metrics.")


class Fuse(Role):
    """FUSE: Alluxio's namespace as a mounted folder on nodes."""

    enabled: bool = Field(
        False,
        description="Mount Alluxio's namespace on nodes. The FUSE pods are privileged: the Kubernetes namespace must "
        "allow that.",
    )
    mount_path: Annotated[HostFolder, Field(json_schema_extra=rules(NO_DOTS))] | None = Field(
        None,
        description="Path of the mount on each node. Default: /mnt/alluxio/NAMESPACE/NAME/fuse. Client pods mount the "
        "folder above it, with mountPropagation HostToContainer, so that folder should hold nothing else.",
    )
    alluxio_path: AlluxioPath = Field("/", description="Folder of Alluxio's namespace to mount.")
    options: Annotated[
        tuple[FuseOption, ...],
        Field(
            min_length=1,
            max_length=32,
            json_schema_extra=rules(
                cel(
                    "!self.exists(o, o.startsWith('fsname=') || o.startsWith('subtype='))",
                    "Alluxio sets fsname and subtype: remove them",
                ),
            ),
        ),
    ] = Field(
        ("allow_other", "attr_timeout=600", "entry_timeout=600"),
        description="Options of the mount. Without allow_other only the user of the FUSE process has access. "
        "attr_timeout and entry_timeout: seconds for which the kernel caches a file's attributes and name.",
    )
    ports: FusePorts = Field(FusePorts(), description="Ports.")


FUSE_RULES = rules(
    cel(
        "!has(self.mountPath) || !self.mountPath.matches("
        "'^/(alluxio-sockets|bin|boot|dev|etc|journal|lib|lib64|opt/alluxio|proc|run|sbin|sys|tiers|tmp|usr)/') && "
        "!self.mountPath.matches('^/(home|opt|root|var|var/lib)/[^/]+$')",
        "the node or the container needs the folder above the mount: choose a folder that nothing else uses, such as "
        "/mnt/alluxio/fuse",
        field_path=".mountPath",
    ),
)
