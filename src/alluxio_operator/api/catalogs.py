"""Presto's catalogs: which data can be queried, and where the credentials for it are kept."""

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
        "property names may hold letters, digits, dots, dashes and underscores, such as query.max-memory",
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
    """A Hive metastore that is reached over the network."""

    uris: Annotated[tuple[MetastoreUri, ...], Field(min_length=1, max_length=8)] = Field(
        description="Its addresses, such as thrift://metastore:9083; the later ones serve when the first doesn't."
    )


class FileMetastore(Model):
    """A metastore that is a folder of files."""

    directory: Annotated[str, Field(pattern=r"^[a-z0-9]+:/[A-Za-z0-9._~@:/+=,-]*$", max_length=512)] = Field(
        description="The folder as a URI, such as alluxio://warehouse-master-0:19998/metastore or file:/data/metastore."
    )
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)] = Field(
        "presto", description="User as whom it is written."
    )


class HiveCatalog(Model):
    """Tables of Hive: files in folders, described by a metastore."""

    thrift: ThriftMetastore | None = Field(None, description="A Hive metastore.")
    file: FileMetastore | None = Field(None, description="A metastore of files, for few tables.")
    writable: bool = Field(
        True, description="Whether tables may be created, written and dropped, also those at locations of their own."
    )


class TpchCatalog(Model):
    """Generated tables of the TPC-H benchmark."""

    splits_per_node: Annotated[int, Field(ge=1, le=128)] | None = Field(
        None, description="Parts in which each server reads a table; one for each of its processors when not given."
    )


class MemoryCatalog(Model):
    """Tables in the memory of the workers; they are gone when a worker is."""

    max_data_per_node: Quantity = Field("128Mi", description="How much each worker may hold of them.")


class PropertyFrom(Model):
    """A property whose value is kept in a Secret."""

    name: PropertyName = Field(description="Name of the property, such as hive.s3.aws-secret-key.")
    secret_key_ref: SecretKey = Field(description="Where its value is.")


class Catalog(Model):
    """One catalog: exactly one of hive, tpch, memory and connector, and what else its connector is to be told."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)] = Field(
        description="Name of the catalog in queries."
    )
    hive: HiveCatalog | None = Field(None, description="Tables of Hive.")
    tpch: TpchCatalog | None = Field(None, description="Generated tables of the TPC-H benchmark.")
    memory: MemoryCatalog | None = Field(None, description="Tables in the memory of the workers.")
    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=63)] | None = Field(
        None, description="Name of any other connector that the image has (connector.name)."
    )
    properties: PrestoProperties = Field({}, description="Further properties of the connector.")
    properties_from: Annotated[tuple[PropertyFrom, ...], Field(max_length=32, json_schema_extra=list_map("name"))] = (
        Field((), description="Properties whose values are kept in Secrets.")
    )


Catalogs = Annotated[tuple[Catalog, ...], Field(max_length=32, json_schema_extra=list_map("name"))]

CATALOG_RULES = rules(
    cel(
        "[has(self.hive), has(self.tpch), has(self.memory), has(self.connector)].filter(given, given).size() == 1",
        "a catalog has one connector: give exactly one of hive, tpch, memory and connector",
    ),
    cel(
        "!('connector.name' in self.properties)",
        "the connector is named by hive, tpch, memory or connector: remove connector.name from properties",
        field_path=".properties",
    ),
    cel(
        "self.propertiesFrom.all(p, !(p.name in self.properties))",
        "a property has one value: give it in properties or in propertiesFrom, not in both",
        field_path=".propertiesFrom",
    ),
)

HIVE_RULES = rules(
    cel(
        "has(self.thrift) != has(self.file)",
        "give either thrift (a Hive metastore) or file (a metastore of files)",
    )
)
