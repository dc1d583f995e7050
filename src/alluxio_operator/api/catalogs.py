"""Presto's catalogs: the data that can be queried, and the Secrets with its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Model, Quantity, cel, rules
from alluxio_operator.api.roles import CREDENTIAL, CREDENTIALS_ELSEWHERE, list_map
from alluxio_operator.api.ufs import SecretKey

PropertyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=256)]

PRESTO_PROPERTIES_RULES = rules(
    cel(
        "self.all(k, k.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$') && size(k) <= 256)",
        "property names may contain letters, digits, dots, dashes and underscores, such as query.max-memory",
    ),
    cel(f"self.all(k, !k.matches('(?i){CREDENTIAL}'))", CREDENTIALS_ELSEWHERE),
)

PrestoProperties = Annotated[
    Mapping[str, Annotated[str, Field(max_length=4096)]],
    Field(max_length=256, json_schema_extra=PRESTO_PROPERTIES_RULES),
]
"""Presto properties by name."""

MetastoreUri = Annotated[
    str, Field(pattern=r"^thrift://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$", max_length=300)
]


class ThriftMetastore(Model):
    """A Hive metastore on the network."""

    uris: Annotated[tuple[MetastoreUri, ...], Field(min_length=1, max_length=8)] = Field(
        description="Its addresses, such as thrift://metastore:9083. Presto tries them in this order."
    )


class FileMetastore(Model):
    """A metastore in a folder of files."""

    directory: Annotated[str, Field(pattern=r"^[a-z0-9]+:/[A-Za-z0-9._~@:/+=,-]*$", max_length=512)] = Field(
        description="The folder as a URI, such as alluxio://warehouse-master-0:19998/metastore or file:/data/metastore."
    )
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)] = Field(
        "presto", description="User as whom Presto writes it."
    )


class HiveCatalog(Model):
    """Tables of Hive: files in folders, which a metastore describes."""

    thrift: ThriftMetastore | None = Field(None, description="A Hive metastore.")
    file: FileMetastore | None = Field(None, description="A metastore in a folder of files, for few tables.")
    writable: bool = Field(
        True, description="Whether tables can be created, written and dropped, also at locations that the user names."
    )


class TpchCatalog(Model):
    """Generated tables of the TPC-H benchmark."""

    splits_per_node: Annotated[int, Field(ge=1, le=128)] | None = Field(
        None, description="Splits of a table on each server. Default: one for each of its processors."
    )


class MemoryCatalog(Model):
    """Tables in the memory of the workers; the loss of a worker loses them."""

    max_data_per_node: Quantity = Field("128Mi", description="Memory for them on each worker.")


class PropertyFrom(Model):
    """A property whose value is in a Secret."""

    name: PropertyName = Field(description="Name of the property, such as hive.s3.aws-secret-key.")
    secret_key_ref: SecretKey = Field(description="Secret and key with its value.")


class Catalog(Model):
    """One catalog: exactly one of hive, tpch, memory and connector, and further properties of that connector."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)] = Field(
        description="Name of the catalog in queries."
    )
    hive: HiveCatalog | None = Field(None, description="Hive tables.")
    tpch: TpchCatalog | None = Field(None, description="Generated tables of the TPC-H benchmark.")
    memory: MemoryCatalog | None = Field(None, description="Tables in the memory of the workers.")
    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=63)] | None = Field(
        None, description="Name of another connector in the image (connector.name)."
    )
    properties: PrestoProperties = Field({}, description="Further properties of the connector.")
    properties_from: Annotated[tuple[PropertyFrom, ...], Field(max_length=32, json_schema_extra=list_map("name"))] = (
        Field((), description="Properties whose values are in Secrets.")
    )


Catalogs = Annotated[tuple[Catalog, ...], Field(max_length=32, json_schema_extra=list_map("name"))]

CATALOG_RULES = rules(
    cel(
        "[has(self.hive), has(self.tpch), has(self.memory), has(self.connector)].filter(given, given).size() == 1",
        "a catalog has one connector: set exactly one of hive, tpch, memory and connector",
    ),
    cel(
        "!('connector.name' in self.properties)",
        "hive, tpch, memory or connector already names the connector: remove connector.name from properties",
        field_path=".properties",
    ),
    cel(
        "self.propertiesFrom.all(p, !(p.name in self.properties))",
        "a property has one value: set it in properties or in propertiesFrom, not in both",
        field_path=".propertiesFrom",
    ),
)

HIVE_RULES = rules(
    cel(
        "has(self.thrift) != has(self.file)",
        "a Hive catalog has one metastore: set either thrift (a Hive metastore) or file (a folder of files)",
    )
)
