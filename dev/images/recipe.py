"""What an image is made of: the terms in which recipes and the builder talk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.tool import Tool
from dev.images.buildah import Buildah
from dev.images.cache import Cache

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PREFIX = "localhost/alluxio-operator"


@dataclass(frozen=True)
class Workshop:
    """What a recipe works with: storage, cache, and an empty directory for its build context."""

    buildah: Buildah
    cache: Cache
    work: Path


@dataclass(frozen=True)
class Parts:
    """What an image takes from a package registry: it can be fetched while other images are built.

    `lane` is where the fetch queues, `seconds` how long it takes from nothing.
    """

    fetch: Callable[[Cache], Path]
    lane: str
    seconds: int


@dataclass(frozen=True)
class Recipe:
    """One image.

    `key` hashes what it is made from, without its bases: the builder adds the keys of those in `needs`.
    `build` leaves the image in buildah's storage under `tag`. It takes `seconds` on two cores when its parts are there;
    it fetches those that aren't. `tools` are programs of the tool builder that the image holds.
    """

    name: str
    tag: str
    seconds: int
    needs: tuple[str, ...]
    key: Callable[[], str]
    build: Callable[[Workshop], None]
    parts: Parts | None = None
    tools: tuple[Tool, ...] = ()
    by_name_only: bool = False
    """Not among those that are built when none is named."""

    @property
    def archive(self) -> str:
        """File name of its archive: one per tag."""
        path, _, version = self.tag.removeprefix(f"{PREFIX}/").partition(":")
        return f"{path.replace('/', '-')}-{version}.tar"
