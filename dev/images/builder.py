"""Builds what is missing or out of date, bases first, and keeps the index."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence

from dev.images.buildah import Buildah
from dev.images.cache import Cache, Entry
from dev.images.errors import ImageError
from dev.images.keys import image_key
from dev.images.recipe import Recipe, Workshop

CHANGED = "changed while it was built"


def full_keys(recipes: Iterable[Recipe]) -> dict[str, str]:
    """The key of each image by its tag, those of its bases included. Bases come before what needs them."""
    keys: dict[str, str] = {}
    for recipe in recipes:
        keys[recipe.tag] = image_key({"own": recipe.key(), **{base: keys[base] for base in recipe.needs}}, {})
    return keys


def with_bases(wanted: Sequence[str], recipes: Sequence[Recipe]) -> list[Recipe]:
    """The wanted recipes and everything that they stand on, in the order of building."""
    by_tag = {recipe.tag: recipe for recipe in recipes}
    needed: set[str] = set()
    open_tags = [_find(name, recipes).tag for name in wanted]
    while open_tags:
        tag = open_tags.pop()
        if tag not in needed:
            needed.add(tag)
            open_tags.extend(by_tag[tag].needs)
    return [recipe for recipe in recipes if recipe.tag in needed]


def out_of_date(recipes: Iterable[Recipe], keys: Mapping[str, str], entries: Mapping[str, Entry]) -> list[Recipe]:
    """Recipes whose archive is missing or was made from something else."""
    return [r for r in recipes if r.tag not in entries or entries[r.tag].key != keys[r.tag]]


def fetch_parts(cache: Cache, wanted: Sequence[str], recipes: Sequence[Recipe]) -> None:
    """Fetch what the wanted images take from package registries; needs no lock on the images."""
    for name in wanted:
        recipe = _find(name, recipes)
        if recipe.parts:
            recipe.parts.fetch(cache)


def build_images(cache: Cache, wanted: Sequence[str], recipes: Sequence[Recipe], *, force: bool = False) -> None:
    """Bring the wanted images up to date."""
    needed = with_bases(wanted, recipes)
    with cache.locked():
        # A build that waited for the lock finds here what the other one made.
        keys = full_keys(needed)
        entries = cache.read()
        todo = out_of_date(needed, keys, entries)
        if force:
            named = {_find(name, recipes).tag for name in wanted}
            todo = [recipe for recipe in needed if recipe in todo or recipe.tag in named]
        for recipe in needed:
            if recipe not in todo:
                print(f"images: {recipe.tag} is current", flush=True)
        if not todo:
            return
        if os.geteuid() != 0:
            raise ImageError("images are built as root (debootstrap and overlay mounts need it)")
        for recipe in todo:
            # Anew for each, as minutes pass between the first and the last.
            _build_one(cache, recipe, full_keys(needed)[recipe.tag])


def _build_one(cache: Cache, recipe: Recipe, key: str) -> None:
    print(f"images: building {recipe.tag} (about {recipe.seconds} s)", flush=True)
    started = time.monotonic()
    own = recipe.key()
    work = cache.empty_work(recipe.name)
    cache.storage.mkdir(parents=True, exist_ok=True)
    buildah = Buildah(storage=cache.storage, log=work / "buildah.log")
    # A killed build left them: the lock keeps every other build out of this storage.
    buildah.run("rm", "--all")
    for base in recipe.needs:
        if not buildah.has(base):
            buildah.load(cache.root / cache.read()[base].archive)
    recipe.build(Workshop(buildah=buildah, cache=cache, work=work))
    built = time.monotonic()
    if recipe.key() != own:
        print(f"images: files changed while {recipe.tag} was built: the next build makes it again", flush=True)
        key = CHANGED
    archive = cache.root / recipe.archive
    image_id = buildah.save(recipe.tag, archive)
    cache.record(recipe.tag, Entry(archive=archive.name, id=image_id, key=key))
    buildah.limit()
    shutil.rmtree(work)
    times = f"{built - started:.0f} s to build, {time.monotonic() - built:.0f} s to save"
    print(f"images: {recipe.tag} done: {times}, {archive.stat().st_size / 1e6:.0f} MB, {image_id[:19]}", flush=True)


def _find(name: str, recipes: Iterable[Recipe]) -> Recipe:
    known = list(recipes)
    for recipe in known:
        if name in (recipe.name, recipe.tag):
            return recipe
    raise ImageError(f"there is no image {name}; there are: {', '.join(recipe.name for recipe in known)}")
