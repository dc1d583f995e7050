"""The command line: python -m dev.images COMMAND."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence

from dev.cluster.errors import ClusterError
from dev.cluster.paths import find_paths
from dev.images.builder import build_images, fetch_parts, full_keys, out_of_date
from dev.images.cache import Cache
from dev.images.catalog import all_recipes
from dev.images.errors import ImageError
from dev.images.layers import layers, table
from dev.images.operator_image import operator_recipe, project_version
from dev.images.recipe import REPOSITORY, Recipe
from dev.images.sbom import components, document

SBOM = REPOSITORY / "build" / "release" / "sbom.cdx.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 1 with the reason on standard error."""
    options = _parser().parse_args(arguments)
    # Ends like Ctrl-C does, and so ends the jobs that run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cache = Cache(find_paths(os.environ).archives)
        recipes = all_recipes(options.operator_version)
        if options.command == "layers":
            _layers(cache, operator_recipe(options.operator_version or project_version()))
        elif options.command == "build":
            every = [recipe.name for recipe in recipes if not recipe.by_name_only]
            build_images(cache, options.images or every, recipes, force=options.force)
        elif options.command == "fetch":
            fetch_parts(cache, options.images, recipes)
        else:
            _list(cache, recipes)
    except (ClusterError, ImageError) as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("images: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.images", description=__doc__)
    parser.add_argument(
        "--operator-version", metavar="VERSION", help="tag of the operator's image; without it: the project's version"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build what is missing or out of date, and what it stands on")
    build.add_argument(
        "images", nargs="*", metavar="IMAGE", help="a name that `list` shows; without one: all that every run needs"
    )
    build.add_argument("--force", action="store_true", help="build the named images even if they are current")
    fetch = commands.add_parser("fetch", help="fetch what images take from package registries, and build nothing")
    fetch.add_argument("images", nargs="+", metavar="IMAGE", help="a name that `list` shows")
    commands.add_parser("list", help="show all images, and whether their archives are current")
    commands.add_parser("layers", help="show of what the operator's image is made, and write its SBOM")
    return parser


def _layers(cache: Cache, recipe: Recipe) -> None:
    entry = cache.read().get(recipe.tag)
    if entry is None:
        raise ImageError(f"{recipe.tag} isn't built: run `make image`")
    print(recipe.tag)
    for line in table(layers(cache.root / entry.archive)):
        print(line)
    tag, _, version = recipe.tag.rpartition(":")
    SBOM.parent.mkdir(parents=True, exist_ok=True)
    found = components(cache.root / entry.archive)
    SBOM.write_text(json.dumps(document(found, tag, version), indent=1) + "\n")
    print(f"what is inside: {SBOM.relative_to(REPOSITORY)}, {len(found)} packages")


def _list(cache: Cache, recipes: Sequence[Recipe]) -> None:
    entries = cache.read()
    stale = {recipe.tag for recipe in out_of_date(recipes, full_keys(recipes), entries)}
    for recipe in recipes:
        state = "out of date" if recipe.tag in stale else "current"
        print(f"{recipe.name:16} {state if recipe.tag in entries else 'missing':12} {recipe.tag}")
