"""Backups of many files on the real node: by the operator, with check, clean form and a restore, and by `fsadmin`.

The files are in the UFS, and Alluxio has loaded their names, so a backup has all that one of a real cluster has: an
entry for each file and for its block. Operator and command take turns, so that other load affects both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.kube.kinds import KINDS
from bench.api import Api, Json
from bench.lab import ROOT, Lab, cluster_spec, lab
from bench.load import PER_FOLDER
from bench.results import Figure, Runs, Sample, figure

NAME = "backup"
NAMESPACE: Final = "bench-backup"
CLUSTER: Final = "alx"
CLAIM: Final = "backups"
PATIENCE = 600.0
BY_HAND: Final = "alluxio fsadmin backup"

FILL: Final = f"""
import os, sys
for folder in range(int(sys.argv[1]) // {PER_FOLDER}):
    path = f"{ROOT}/data/{{folder:05d}}"
    os.makedirs(path)
    for name in range({PER_FOLDER}):
        with open(f"{{path}}/{{name:02d}}", "w") as file:
            file.write("x")
"""

COMMAND: Final = f"""
rm -rf {ROOT}/by-hand && mkdir {ROOT}/by-hand
begin=$(date +%s%N)
/opt/alluxio/bin/alluxio fsadmin backup {ROOT}/by-hand --allow-leader >/tmp/said 2>&1 || {{ cat /tmp/said; exit 1; }}
end=$(date +%s%N)
echo $(( (end - begin) / 1000000 )) $(stat -c %s {ROOT}/by-hand/*.gz) {ROOT}/by-hand/*.gz
"""


def measure(repeat: int, files: int) -> Json:
    """Fill a cluster with one master, and back it up in turn; delete everything again."""
    found: Json = {"files": files, "turns": []}
    with filled(NAMESPACE, 1, files) as (_, place):
        place.claim(CLAIM, "2Gi")
        for number in range(repeat):
            turn = {**_by_operator(place, f"turn-{number}"), **_by_hand(place)}
            print(f"    {turn}", flush=True)
            found["turns"].append(turn)
    return found


@contextmanager
def filled(namespace: str, masters: int, files: int) -> Iterator[tuple[list[str], Lab]]:
    """Create a cluster whose namespace has many files; yield the folders that they are in."""
    with lab(namespace) as place:
        place.apply("AlluxioCluster", CLUSTER, cluster_spec(masters=masters, heap="1Gi"))
        place.until_ready(CLUSTER)
        place.on_master(CLUSTER, "python3", "-c", FILL, str(files))
        place.on_master(CLUSTER, "alluxio", "fs", "loadMetadata", "-R", "/data", seconds=PATIENCE)
        yield [f"/data/{folder:05d}" for folder in range(files // PER_FOLDER)], place


def back_up(api: Api, place: Lab, name: str, spec: Json) -> tuple[float, float, Json]:
    """Create an AlluxioBackup; return the times of Alluxio's file and of the end, in monotonic time, and the status.

    Raise RuntimeError if it fails.
    """
    place.apply(KIND, name, {"clusterRef": {"name": CLUSTER}, **spec})
    path, written = KINDS[KIND].path(place.namespace, name), 0.0
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        status = api.call("GET", path).get("status", {})
        if not written and status.get("run", {}).get("state") == "Completed":
            written = time.monotonic()
        if status.get("phase") == "Completed":
            return written, time.monotonic(), status
        if status.get("phase") == "Failed":
            break
        time.sleep(0.1)
    raise RuntimeError(f"backup {name}: {api.call('GET', path).get('status', {}).get('summary')}")


def _by_operator(place: Lab, name: str) -> Json:
    api = Api(2)
    began = time.monotonic()
    written, done, status = back_up(api, place, name, {"destination": {"volume": {"claimName": CLAIM}}})
    file, restored = status["file"], status["restored"]
    return {
        "written_seconds": written - began,
        "verified_seconds": done - began,
        "entries": file["entries"],
        "files": file["files"],
        "clean_bytes": file["bytes"],
        "restore_seconds": restored["seconds"],
        "containers": _containers(place, name),
    }


def _containers(place: Lab, backup: str) -> Json:
    """Return the seconds of each container of the backup's Job; the kubelet reports whole seconds."""
    labels = f"app.kubernetes.io/name=alluxio-backup,app.kubernetes.io/instance={backup}"
    pods = json.loads(place.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
    found = {}
    for one in pods:
        status = one["status"]
        for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            if ended := container["state"].get("terminated"):
                begin, end = (datetime.fromisoformat(ended[key]) for key in ("startedAt", "finishedAt"))
                found[container["name"]] = (end - begin).total_seconds()
    return found


def _by_hand(place: Lab) -> Json:
    milliseconds, size, path = place.on_master(CLUSTER, "bash", "-euc", COMMAND).split()
    with tempfile.TemporaryDirectory(prefix="alx-bench-") as folder:
        file = Path(folder) / "backup.gz"
        with file.open("wb") as target:
            command = ["kubectl", "--namespace", place.namespace, "exec", f"{CLUSTER}-master-0", "-c", "master", "--"]
            subprocess.run([*command, "cat", path], stdout=target, check=True, timeout=PATIENCE)
        return {
            "fsadmin_seconds": int(milliseconds) / 1000,
            "fsadmin_bytes": int(size),
            "check_seconds": _read(file),
            "clean_seconds": _read(file, "--clean", str(Path(folder) / "clean.gz")),
            "trial_seconds": _read(file, "--trial", str(Path(folder) / "trial.gz")),
        }


def _read(file: Path, *options: str) -> float:
    began = time.monotonic()
    command = [sys.executable, "-m", "alluxio_operator.backup_file", "check", str(file), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return time.monotonic() - began


TITLES: Final[Sequence[tuple[str, str, str, str]]] = (
    ("backup until Alluxio has written it", "s", "written_seconds", "fsadmin_seconds"),
    ("backup until it is checked, cleaned, stored and restored as a test", "s", "verified_seconds", "fsadmin_seconds"),
    ("of it, the restore as a test", "s", "restore_seconds", "fsadmin_seconds"),
    ("check of Alluxio's file alone", "s", "check_seconds", "fsadmin_seconds"),
    ("check with the clean form", "s", "clean_seconds", "fsadmin_seconds"),
    ("check with the form for the test", "s", "trial_seconds", "fsadmin_seconds"),
    ("clean file", "bytes", "clean_bytes", "fsadmin_bytes"),
)


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for found in runs.of(NAME, "ours", 1):
        for title, unit, ours, theirs in TITLES:
            samples = [Sample.of(turn[key] for turn in found["turns"]) for key in (ours, theirs)]
            text = f"{found['files']:,} files: {title}"
            yield from figure(text, 1, unit, samples[0], peer=samples[1], peer_name=BY_HAND)
