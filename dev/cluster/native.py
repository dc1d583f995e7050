"""The two small C programs of the cluster, and the image that contains them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import tempfile
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths

SOURCES = Path(__file__).parent / "native"
PROGRAMS = ("pause", "volume")
IMAGE = "localhost/alluxio-operator/pause:1"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def ensure(paths: Paths) -> Path:
    """Build the programs and their image archive if they are missing; return their directory."""
    digest = hashlib.sha256(platform.machine().encode())
    for program in PROGRAMS:
        digest.update((SOURCES / f"{program}.c").read_bytes())
    target = paths.tools / f"native-{digest.hexdigest()[:16]}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".native-", dir=target.parent) as directory:
            workspace = Path(directory) / "native"
            workspace.mkdir()
            for program in PROGRAMS:
                _compile(SOURCES / f"{program}.c", workspace / program)
            contents = {program: (workspace / program).read_bytes() for program in PROGRAMS}
            (workspace / "pause.tar").write_bytes(image_archive(contents, IMAGE, platform.machine()))
            if not target.is_dir():
                workspace.rename(target)
    return target


def image_archive(programs: dict[str, bytes], name: str, machine: str) -> bytes:
    """Return a docker archive with one layer; the first program is the entry point."""
    layer = _tar({path: (content, 0o755) for path, content in programs.items()})
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": [f"/{next(iter(programs))}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    config_text = json.dumps(config, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config_text).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {config_name: config_text, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    return _tar({path: (content, 0o644) for path, content in files.items()})


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (content, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _compile(source: Path, target: Path) -> None:
    command = ["gcc", "-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-o", str(target), str(source)]
    result = subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"compiling {source.name} failed:\n{result.stderr[-2000:]}")
