"""The images of this project, bases before what stands on them."""

from __future__ import annotations

from dev.images.alluxio import VERSIONS, alluxio_recipe
from dev.images.base import base_recipe, java_recipe
from dev.images.recipe import Recipe


def all_recipes() -> list[Recipe]:
    """Every image that can be built."""
    return [base_recipe(), java_recipe(), *(alluxio_recipe(version) for version in VERSIONS)]
