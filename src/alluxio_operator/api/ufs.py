"""The under storage (UFS) at the root of Alluxio's namespace: a volume, a bucket or an HDFS, with its credentials."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from alluxio_operator.api.base import Model, ObjectName, all_equal, cel, rules
from alluxio_operator.api.roles import CREDENTIALS_ELSEWHERE, ClaimedVolume, Properties, list_map

OTHER_SCHEMES: Final = (
    "abfs",
    "abfss",
    "adl",
    "cephfs",
    "cos",
    "cosn",
    "gs",
    "kodo",
    "o3fs",
    "obs",
    "ofs",
    "oss",
    "swift",
    "wasb",
    "wasbs",
)
"""Storage systems with a connector in Alluxio 2.9 that a root mount configures by options alone."""

SCHEMES: Final = ("s3", "hdfs", *OTHER_SCHEMES)

DataKey = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", min_length=1, max_length=253)]
"""A key of a Secret or a ConfigMap."""


class SecretKey(Model):
    """A key of a Secret in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret.")
    key: DataKey = Field(description="Key in the Secret.")


class OptionFrom(Model):
    """A mount option with its value in a Secret."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=256)] = Field(
        description="Name of the option, such as s3a.secretKey."
    )
    secret_key_ref: SecretKey = Field(description="Key of the Secret that holds the value.")


class S3Credentials(Model):
    """The pair of keys that signs requests to S3."""

    secret_name: ObjectName = Field(description="Name of the Secret that holds both keys.")
    access_key_id_key: DataKey = Field("AWS_ACCESS_KEY_ID", description="Key of the Secret with the access key's id.")
    secret_access_key_key: DataKey = Field(
        "AWS_SECRET_ACCESS_KEY", description="Key of the Secret with the secret access key."
    )


Endpoint = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$", max_length=256)]
Region = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]


class S3(Model):
    """An S3 service: AWS, or a compatible one."""

    endpoint: Endpoint | None = Field(
        None, description="Address of the service, such as http://minio:9000. Default: AWS."
    )
    region: Region | None = Field(None, description="Region of the bucket. Default: Alluxio's S3 client detects it.")
    path_style: bool = Field(
        False, description="Use path-style requests: the bucket is in the path, not in the host name."
    )
    credentials: S3Credentials | None = Field(
        None, description="Access keys. Default: the identity of the pods, such as an annotated service account."
    )


class HdfsConfiguration(Model):
    """Source of Hadoop's client configuration: the keys core-site.xml and hdfs-site.xml of one object."""

    config_map_name: ObjectName | None = Field(None, description="Name of a ConfigMap in the same namespace.")
    secret_name: ObjectName | None = Field(None, description="Name of a Secret in the same namespace.")


class Hdfs(Model):
    """An HDFS."""

    config_from: HdfsConfiguration | None = Field(
        None, description="Hadoop's client configuration; required for a name service of several name nodes."
    )
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)] | None = Field(
        None, description="HDFS user of Alluxio. Default: alluxio, the user of the processes."
    )


class RootMount(Model):
    """The under storage (UFS) at the root of Alluxio's namespace."""

    uri: Annotated[str, Field(pattern=r"^(/|[a-z0-9]+://)[A-Za-z0-9._~@:/+=,-]+$", min_length=2, max_length=512)] = (
        Field(
            "/mnt/ufs",
            description="Alluxio's root mount: s3://BUCKET/PREFIX, hdfs://HOST:PORT/PATH, a URI of another storage "
            "system that Alluxio supports, or the absolute path at which the pods mount a volume.",
        )
    )
    volume: ClaimedVolume | None = Field(
        None, description="The volume, if uri is a path. Masters and workers share it."
    )
    read_only: bool = Field(
        False,
        description="Reject every write to the root mount, and mount the volume read-only. If false, the cluster is "
        "Ready only while the leading master can write to the UFS.",
    )
    options: Properties = Field(
        {},
        description="Mount options by name, such as alluxio.underfs.s3.threads.max: properties that apply to this "
        "mount only.",
    )
    options_from: Annotated[tuple[OptionFrom, ...], Field(max_length=32, json_schema_extra=list_map("name"))] = Field(
        (), description="Mount options with their values in Secrets."
    )
    s3: S3 | None = Field(None, description="The S3 service, if uri begins with s3://.")
    hdfs: Hdfs | None = Field(None, description="The HDFS, if uri begins with hdfs://.")

    @property
    def path(self) -> str | None:
        """Mount path of the volume in the pods; None for a storage system on the network."""
        return self.uri if self.volume is not None else None


OWN_FOLDERS = (
    "/alluxio-sockets",
    "/etc/alluxio",
    "/etc/hadoop",
    "/journal",
    "/opt/alluxio",
    "/permission",
    "/tiers",
    "/tmp",  # noqa: S108 (a mount, not a file)
    "/waiting",
)
"""Folders that the containers mount or that hold files of the image."""

_SCHEME = rf"^(/|({'|'.join(SCHEMES)})://)"

ROOT_MOUNT_RULES = rules(
    cel(
        f"![{', '.join(repr(own) for own in OWN_FOLDERS)}].exists(own, self.uri == own || "
        "self.uri.startsWith(own + '/') || own.startsWith(self.uri + '/'))",
        f"the containers need {', '.join(OWN_FOLDERS)}: choose another path, such as /mnt/ufs",
        field_path=".uri",
    ),
    cel(
        "!self.uri.matches('/[.][.]?(/|$)')",
        "a path must not contain . or .. as a part",
        field_path=".uri",
    ),
    cel(
        f"self.uri.matches('{_SCHEME}')",
        "Alluxio doesn't support this scheme: give an absolute path, s3://BUCKET/PREFIX (not s3a), "
        f"hdfs://HOST:PORT/PATH, or a URI with one of {', '.join(OTHER_SCHEMES)}",
        field_path=".uri",
    ),
    cel(
        "!self.uri.startsWith('/') || self.uri.matches('^(/[A-Za-z0-9._-]+)+$')",
        "a path may contain letters, digits, dots, dashes and underscores between slashes, such as /mnt/ufs",
        field_path=".uri",
    ),
    cel(
        "!self.uri.startsWith('s3://') || self.uri.matches('^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/]+)*/?$')",
        "a bucket has 3 to 63 lower-case letters, digits, dots and dashes, and no part of a prefix is empty: "
        "s3://BUCKET or s3://BUCKET/PREFIX; give the address of the service in spec.rootMount.s3.endpoint",
        field_path=".uri",
    ),
    cel(
        "!self.uri.startsWith('hdfs://') || "
        "self.uri.matches('^hdfs://[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?(/[^/:]+)*/?$')",
        "give an HDFS as hdfs://HOST:PORT/PATH, or as hdfs://NAMESERVICE/PATH with spec.rootMount.hdfs.configFrom",
        field_path=".uri",
    ),
    cel("!self.uri.matches('://[^/]*:[^/]*@')", CREDENTIALS_ELSEWHERE, field_path=".uri"),
    cel(
        "!self.uri.startsWith('/') || has(self.volume)",
        "a path needs a volume: give spec.rootMount.volume, or set spec.rootMount.uri to a URI such as s3://BUCKET",
        field_path=".volume",
    ),
    cel(
        "self.uri.startsWith('/') || !has(self.volume)",
        "a volume needs a path, but spec.rootMount.uri has a scheme: remove spec.rootMount.volume, or set "
        "spec.rootMount.uri to a path such as /mnt/ufs",
        field_path=".volume",
    ),
    cel(
        "self.uri.startsWith('s3://') || !has(self.s3)",
        "spec.rootMount.s3 is for a uri that begins with s3://: remove it, or correct spec.rootMount.uri",
        field_path=".s3",
    ),
    cel(
        "self.uri.startsWith('hdfs://') || !has(self.hdfs)",
        "spec.rootMount.hdfs is for a uri that begins with hdfs://: remove it, or correct spec.rootMount.uri",
        field_path=".hdfs",
    ),
    cel(
        "!has(self.optionsFrom) || !has(self.options) || self.optionsFrom.all(o, !(o.name in self.options))",
        "an option has one value: give it in options or in optionsFrom, not in both",
        field_path=".optionsFrom",
    ),
)

HDFS_CONFIGURATION_RULES = rules(
    cel(
        "has(self.configMapName) != has(self.secretName)",
        "give either configMapName or secretName: the object with the keys core-site.xml and hdfs-site.xml",
    )
)

CLAIM_KEPT = ("claimName", "storageClassName")

ROOT_MOUNT_KEPT = cel(
    "self.rootMount.uri == oldSelf.rootMount.uri && has(self.rootMount.volume) == has(oldSelf.rootMount.volume) && "
    "(!has(self.rootMount.volume) || "
    f"({all_equal(CLAIM_KEPT, 'self.rootMount.volume', 'oldSelf.rootMount.volume')} && "
    "has(self.rootMount.volume.size) == has(oldSelf.rootMount.volume.size) && "
    "self.rootMount.volume.accessModes == oldSelf.rootMount.volume.accessModes))",
    "spec.rootMount.uri and spec.rootMount.volume can't be changed, except for a larger volume.size: the journal "
    "refers to the files below them; create another AlluxioCluster for other storage",
    field_path=".rootMount",
)
"""A rule of the whole spec, so that removing a field can't bypass it."""

UFS_RULES_BY_TYPE: dict[str, dict[str, Any]] = {
    "RootMount": ROOT_MOUNT_RULES,
    "HdfsConfiguration": HDFS_CONFIGURATION_RULES,
}
