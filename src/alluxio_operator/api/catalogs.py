"""Presto's catalogs: the data that queries can read, and the Secrets with its credentials."""

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
    """A Hive metastore service."""

    uris: Annotated[tuple[MetastoreUri, ...], Field(min_length=1, max_length=8)] = Field(
        description="Addresses of the metastore, such as thrift://metastore:9083. The first is used; the others are "
        "fallbacks."
    )


class FileMetastore(Model):
    """A metastore of files in a folder."""

    directory: Annotated[str, Field(pattern=r"^[a-z0-9]+:/[A-Za-z0-9._~@:/+=,-]*$", max_length=512)] = Field(
        description="The folder as a URI, such as alluxio://warehouse-master-0:19998/metastore or file:/data/metastore."
    )
    user: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)] = Field(
        "presto", description="User that writes the metastore."
    )


class HiveCatalog(Model):
    """Hive tables: files in folders, described by a metastore."""

    thrift: ThriftMetastore | None = Field(None, description="A Hive metastore.")
    file: FileMetastore | None = Field(None, description="A metastore of files, for few tables.")
    writable: bool = Field(
        True, description="Allow queries to create, write and drop tables, including external tables."
    )


class TpchCatalog(Model):
    """Generated tables of the TPC-H benchmark."""

    splits_per_node: Annotated[int, Field(ge=1, le=128)] | None = Field(
        None, description="Splits of a table per server. Default: one for each processor of the server."
    )


class MemoryCatalog(Model):
    """Tables in the memory of the workers; losing a worker loses its part of every table."""

    max_data_per_node: Quantity = Field("128Mi", description="Memory that each worker may use for tables.")


class PropertyFrom(Model):
    """A property with its value in a Secret."""

    name: PropertyName = Field(description="Name of the property, such as hive.s3.aws-secret-key.")
    secret_key_ref: SecretKey = Field(description="Key of the Secret that holds the value.")


class Catalog(Model):
    """One catalog: exactly one of hive, tpch, memory and connector, with further properties of the connector."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)] = Field(
        description="Name of the catalog in queries."
    )
    hive: HiveCatalog | None = Field(None, description="Hive tables.")
    tpch: TpchCatalog | None = Field(None, description="Generated tables of the TPC-H benchmark.")
    memory: MemoryCatalog | None = Field(None, description="Tables in the memory of the workers.")
    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=63)] | None = Field(
        None, description="Name of any other connector in the image (connector.name)."
    )
    properties: PrestoProperties = Field({}, description="Further properties of the connector.")
    properties_from: Annotated[tuple[PropertyFrom, ...], Field(max_length=32, json_schema_extra=list_map("name"))] = (
        Field((), description="Properties with their values in Secrets.")
    )


Catalogs = Annotated[tuple[Catalog, ...], Field(max_length=32, json_schema_extra=list_map("name"))]

CATALOG_RULES = rules(
    cel(
        "[has(self.hive), has(self.tpch), has(self.memory), has(self.connector)].filter(given, given).size() == 1",
        "a catalog has one connector: give exactly one of hive, tpch, memory and connector",
    ),
    cel(
        "!('connector.name' in self.properties)",
        "hive, tpch, memory or connector already sets the connector: remove connector.name from properties",
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
