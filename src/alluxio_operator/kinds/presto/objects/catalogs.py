"""Catalogs as Presto reads them: one properties file each; an init container adds the values of Secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alluxio_operator.api.base import in_bytes
from alluxio_operator.api.catalogs import Catalog
from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.presto.objects.properties import as_text
from alluxio_operator.kinds.presto.versions import Dialect


def files(spec: PrestoSpec, dialect: Dialect) -> dict[str, str]:
    """Return the properties file of each catalog, by name, without what comes from Secrets."""
    return {f"{one.name}.properties": as_text(properties_of(one, spec, dialect)) for one in spec.catalogs}


def properties_of(catalog: Catalog, spec: PrestoSpec, dialect: Dialect) -> dict[str, str]:
    """Return the properties of a catalog, without those from Secrets; the user's own win, except connector.name."""
    derived = _derived(catalog, spec, dialect)
    return {**derived, **catalog.properties, "connector.name": derived["connector.name"]}


def _derived(catalog: Catalog, spec: PrestoSpec, dialect: Dialect) -> dict[str, str]:
    if catalog.hive is not None:
        found = {"connector.name": dialect.hive_connector}
        if catalog.hive.thrift is not None:
            found |= {"hive.metastore": "thrift", "hive.metastore.uri": ",".join(catalog.hive.thrift.uris)}
        if catalog.hive.file is not None:
            found |= {
                "hive.metastore": "file",
                "hive.metastore.catalog.dir": catalog.hive.file.directory,
                "hive.metastore.user": catalog.hive.file.user,
            }
        if spec.alluxio is not None:
            found |= dialect.hive_on_alluxio
        found |= dialect.hive_writable if catalog.hive.writable else dialect.hive_read_only
        return found
    if catalog.tpch is not None:
        splits = catalog.tpch.splits_per_node
        return {"connector.name": "tpch", **({"tpch.splits-per-node": str(splits)} if splits else {})}
    if catalog.memory is not None:
        megabytes = max(1, in_bytes(catalog.memory.max_data_per_node) // 1024**2)
        return {"connector.name": "memory", "memory.max-data-per-node": f"{megabytes}MB"}
    return {"connector.name": catalog.connector or ""}


def secret_properties(catalogs: Iterable[Catalog]) -> list[dict[str, Any]]:
    """Return each property from a Secret: its file, its name, and the variable that holds its value."""
    found = [(catalog, given) for catalog in catalogs for given in catalog.properties_from]
    return [
        {
            "file": f"{catalog.name}.properties",
            "property": given.name,
            "variable": {
                "name": f"PROPERTY_{number}",
                "valueFrom": {"secretKeyRef": {"name": given.secret_key_ref.name, "key": given.secret_key_ref.key}},
            },
        }
        for number, (catalog, given) in enumerate(found, start=1)
    ]


def secrets_of(catalogs: Iterable[Catalog]) -> Mapping[str, str]:
    """Return the Secrets that the catalogs refer to, each with the first field that refers to it."""
    found: dict[str, str] = {}
    for catalog in catalogs:
        for given in catalog.properties_from:
            found.setdefault(given.secret_key_ref.name, f"spec.catalogs[{catalog.name}].propertiesFrom[{given.name}]")
    return found


def problems(spec: PrestoSpec) -> Iterable[Problem]:
    """Yield catalogs that lie in Alluxio while the spec names no AlluxioCluster."""
    if spec.alluxio is not None:
        return
    for catalog in spec.catalogs:
        if catalog.hive and catalog.hive.file and catalog.hive.file.directory.startswith("alluxio:"):
            yield Problem(
                f"spec.catalogs[{catalog.name}].hive.file.directory",
                catalog.hive.file.directory,
                "lies in Alluxio, but the spec names no AlluxioCluster",
                "set spec.alluxio.clusterRef",
            )
