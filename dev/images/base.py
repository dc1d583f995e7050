"""The images that others stand on: a small Debian, and the same with a Java runtime."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dev.images.apt import SUITE, machine_sources, main_source
from dev.images.buildah import NEVER_PULL
from dev.images.errors import ImageError
from dev.images.keys import files_below, image_key
from dev.images.recipe import HERE, PREFIX, Recipe, Workshop

BASE = f"{PREFIX}/base:{SUITE}"
JAVA = f"{PREFIX}/java:{SUITE}"

PACKAGES = ("ca-certificates", "python3", "tini")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Of no use in a container, or private to this machine.
EMPTIED = (
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
)
REMOVED = ("debootstrap", "etc/apt/sources.list", "etc/hostname", "etc/resolv.conf")

CONFIGURATION = (
    "--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "--env=LANG=C.UTF-8",
    '--cmd=["/bin/bash"]',
    "--label=org.opencontainers.image.title=base (for tests)",
)


def base_recipe() -> Recipe:
    """Debian with Python and tini: for the operator, and for helper pods that need a shell."""
    return Recipe(
        name="base",
        tag=BASE,
        seconds=90,
        needs=(),
        key=lambda: image_key({"suite": SUITE, "packages": " ".join(PACKAGES)}, files_below(HERE, ["base.py"])),
        build=_build_base,
    )


def java_recipe() -> Recipe:
    """The base with a Java runtime: for everything that comes as jars."""
    return Recipe(
        name="java",
        tag=JAVA,
        seconds=40,
        needs=(BASE,),
        key=lambda: image_key({}, files_below(HERE, ["java"])),
        build=_build_java,
    )


def _build_base(shop: Workshop) -> None:
    if not shutil.which("debootstrap"):
        raise ImageError("debootstrap is missing: apt-get install debootstrap")
    container = shop.buildah.run("from", NEVER_PULL, "scratch")
    try:
        root = Path(shop.buildah.run("mount", container))
        _bootstrap(root, shop.work / "debootstrap.log")
        _strip(root)
        shop.buildah.run("config", *CONFIGURATION, container)
        shop.buildah.run("commit", "--format=docker", container, BASE)
    finally:
        shop.buildah.run("rm", container)


def _bootstrap(root: Path, log: Path) -> None:
    uri = main_source(machine_sources()).uri
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root), uri]
    with log.open("w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise ImageError(f"debootstrap failed ({done.returncode}); the end of {log}:\n{tail}")


def _strip(root: Path) -> None:
    for name in EMPTIED:
        for child in (root / name).iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    for name in REMOVED:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (root / "var/lib/apt/lists/partial").mkdir()


def _build_java(shop: Workshop) -> None:
    sources = shop.work / "sources"
    sources.mkdir()
    (sources / "machine.list").write_text("".join(f"{s.line(KEYRING)}\n" for s in machine_sources()))
    context = shop.work / "context"
    context.mkdir()
    # The sources are seen while the build runs, at a directory that stays empty in the image.
    options = [f"--volume={sources}:/etc/apt/sources.list.d:ro"]
    shop.buildah.build(HERE / "java" / "Containerfile", context, JAVA, {"BASE": BASE}, options)
