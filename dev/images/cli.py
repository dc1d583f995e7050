"""The command line: python -m dev.images COMMAND."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dev.images.builder import build_images, full_keys, out_of_date
from dev.images.cache import Cache, find_cache
from dev.images.catalog import all_recipes
from dev.images.errors import ImageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 1 with the reason on standard error."""
    options = _parser().parse_args(arguments)
    cache = find_cache(os.environ)
    try:
        if options.command == "build":
            recipes = all_recipes()
            build_images(cache, options.images or [recipe.name for recipe in recipes], recipes, force=options.force)
        else:
            _list(cache)
    except ImageError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build what is missing or out of date, with the images that it stands on")
    build.add_argument("images", nargs="*", metavar="IMAGE", help="a name that `list` shows; without one: all")
    build.add_argument("--force", action="store_true", help="build the named images even if they are current")
    commands.add_parser("list", help="show all images, and whether their archives are current")
    return parser


def _list(cache: Cache) -> None:
    recipes = all_recipes()
    entries = cache.read()
    stale = {recipe.tag for recipe in out_of_date(recipes, full_keys(recipes), entries)}
    for recipe in recipes:
        state = "missing" if recipe.tag not in entries else "out of date" if recipe.tag in stale else "current"
        print(f"{recipe.name:20} {state:12} {recipe.tag}")
