"""buildah, kept in a storage of its own below the cache: no daemon, no registry, nothing of the machine's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.images.errors import ImageError

# No registry is ever asked: an image that a Containerfile names must have been built here before.
NEVER_PULL = "--pull-never"

# No network but the loopback.
ISOLATE = 'ip link set lo up && exec "$@"'


@dataclass(frozen=True)
class Buildah:
    """Commands of one storage. `log` takes what they print, and is shown only when one fails."""

    storage: Path
    log: Path

    def run(self, *arguments: str, isolated: bool = False) -> str:
        """Run one command and return what it printed; `isolated` leaves it only a loopback."""
        if not shutil.which("buildah"):
            raise ImageError("buildah is missing: apt-get install buildah")
        command = [
            "buildah",
            "--root", str(self.storage / "root"),
            "--runroot", str(self.storage / "run"),
            *arguments,
        ]  # fmt: skip
        if isolated:
            command = ["unshare", "--net", "sh", "-c", ISOLATE, "sh", *command]
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "overlay"}
        with self.log.open("a") as log:
            log.write(f"+ {' '.join(command)}\n")
            log.flush()
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
            log.write(done.stdout)
        if done.returncode != 0:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
            raise ImageError(f"buildah {arguments[0]} failed ({done.returncode}); the end of {self.log}:\n{tail}")
        return done.stdout.strip()

    def build(
        self,
        containerfile: Path,
        context: Path,
        tag: str,
        arguments: Mapping[str, str],
        options: Sequence[str] = (),
        *,
        isolated: bool = False,
    ) -> None:
        """Build a Containerfile; steps whose inputs are unchanged come from the storage."""
        build_arguments = [f"--build-arg={name}={value}" for name, value in sorted(arguments.items())]
        self.run(
            "build", "--layers", "--format=docker", NEVER_PULL, f"--tag={tag}", f"--file={containerfile}",
            *build_arguments, *options, str(context),
            isolated=isolated,
        )  # fmt: skip

    def has(self, tag: str) -> bool:
        """Whether the storage holds an image of that name."""
        return bool(self.run("images", "--quiet", "--filter", f"reference={tag}"))

    def load(self, archive: Path) -> None:
        """Bring an archive back into the storage under the name that it carries."""
        self.run("pull", f"docker-archive:{archive}")

    def limit(self, steps: int = 200) -> None:
        """Drop the steps of old builds, but only when there are many: the newest make the next build fast."""
        if len(self.run("images", "--all", "--quiet").splitlines()) > steps:
            self.run("rmi", "--prune")

    def save(self, tag: str, archive: Path) -> str:
        """Write an image as an archive that containerd imports, and return its id."""
        partial = archive.with_name(f".{archive.name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        try:
            self.run("push", "--disable-compression", tag, f"docker-archive:{partial}:{tag}")
            image_id = archive_id(partial)
            partial.replace(archive)
        finally:
            partial.unlink(missing_ok=True)
        return image_id


def archive_id(archive: Path) -> str:
    """The id of the one image in an archive: the digest of its configuration, as the kubelet reports it."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile("manifest.json")
        if member is None:
            raise ImageError(f"{archive} has no manifest")
        (manifest,) = json.load(member)
    digest = str(manifest["Config"]).removesuffix(".json").rpartition("/")[2]
    return f"sha256:{digest}"
