"""The images of this project, bases before what stands on them."""

from __future__ import annotations

from dev.images.alluxio import VERSIONS, alluxio_recipe
from dev.images.base import base_recipe, java_recipe
from dev.images.hdfs import hdfs_recipe
from dev.images.metastore import metastore_recipe
from dev.images.operator_image import operator_recipe, project_version
from dev.images.presto import presto_recipe
from dev.images.recipe import Recipe
from dev.images.s3 import s3_recipe
from dev.images.scorecard import scorecard_recipe
from dev.images.trino import trino_recipe


def all_recipes(operator_version: str | None = None) -> list[Recipe]:
    """Every image that can be built; the operator's version is the project's unless another is given."""
    return [
        base_recipe(),
        operator_recipe(operator_version or project_version()),
        java_recipe(),
        *(alluxio_recipe(version) for version in VERSIONS),
        s3_recipe(),
        hdfs_recipe(),
        presto_recipe(),
        metastore_recipe(),
        scorecard_recipe(),
        trino_recipe(),
    ]
