"""A disaster on the real node: a client writes for a while, all journals are lost, and the newest backup is restored.

Backups are taken by the clock. Each file that the client wrote longer ago than the recovery point objective has to be
among the restored names, and to have its content.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from obstore.store import S3Store

from bench.api import Json
from bench.lab import PATIENCE, Lab, cluster_spec, lab
from bench.names import client
from bench.results import Figure, Goal, Runs, Sample, figure
from bench.writer import Writer, Written, content

NAME = "recovery"
NAMESPACE: Final = "bench-recovery"
OLD, NEW = "lake", "restored"
CLAIM: Final = "data"
BUCKET: Final = "rpo"
"""A folder of the root, for the proxy a bucket."""
EVERY: Final = 10.0
"""Seconds between two looks at BackupHealthy."""
FIRST_BACKUP: Final = 300.0
HEALTHY: Final = "BackupHealthy"
READ_PATIENCE: Final = 60.0
READERS: Final = 4
PROXY_PORT: Final = 39999
UNSIGNED: Final = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=alluxio/20300101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""The proxy takes the user from the key and checks no signature."""


def measure(minutes: float, objective: int, masters: int, per_second: float) -> Json:
    """Run the disaster; delete everything again. `objective` is in minutes."""
    with lab(NAMESPACE) as place:
        _install(place, objective, masters)
        writer = Writer(_bucket(_proxy(place, OLD)), per_second)
        with writer.running():
            found = _watch(place, minutes)
            disaster = time.time()
            _lose_journals(place)
            writer.stop()
            found |= _restore(place, disaster, masters)
        found |= {"written": len(writer.written), "refused": writer.failed, "errors": writer.errors}
        found |= {"minutes": minutes, "objective_seconds": objective * 60, "masters": masters}
        found |= _compare(place, writer.written, disaster, objective * 60.0)
    return found


def _spec(masters: int) -> Json:
    return cluster_spec(masters=masters, heap="512Mi", root_claim=CLAIM) | {"proxy": {"enabled": True}}


def _install(place: Lab, objective: int, masters: int) -> None:
    place.claim(CLAIM, "2Gi")
    backup = {
        "schedules": [{"name": "often", "schedule": "* * * * *"}],
        "retention": {"last": 5},
        "recoveryPointObjectiveMinutes": objective,
    }
    place.apply("AlluxioCluster", OLD, _spec(masters) | {"backup": backup})
    place.until_ready(OLD)
    place.on_master(OLD, "alluxio", "fs", "mkdir", f"/{BUCKET}")


def _proxy(place: Lab, cluster: str) -> str:
    return place.address(f"app.kubernetes.io/instance={cluster},app.kubernetes.io/component=proxy")


def _bucket(host: str) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=f"http://{host}:{PROXY_PORT}/api/v1/s3",
        region="us-east-1",
        virtual_hosted_style_request=False,
        access_key_id="alluxio",
        secret_access_key="none",
        client_options={"allow_http": True, "timeout": "60s"},
        retry_config={"max_retries": 0},
    )


def _watch(place: Lab, minutes: float) -> Json:
    """Look at BackupHealthy until the time is over. It has to be True from the first backup on."""

    def healthy() -> bool:
        return place.condition(OLD, HEALTHY).get("status") == "True"

    begin = time.monotonic()
    first = place.until("the first verified backup", FIRST_BACKUP, lambda: healthy() and time.monotonic()) - begin
    looks, unhealthy = 0, []
    while time.monotonic() < begin + minutes * 60:
        time.sleep(EVERY)
        looks += 1
        if not healthy():
            unhealthy.append(f"{time.strftime('%H:%M:%S')} {place.condition(OLD, HEALTHY).get('message')}")
    print(f"    {looks} looks at {HEALTHY}, {len(unhealthy)} not True", flush=True)
    return {"first_backup_seconds": round(first, 1), "looks": looks, "unhealthy": unhealthy[:20]}


def _lose_journals(place: Lab) -> None:
    """Delete the PVCs of all journals with their data, and the masters at once."""
    labels = f"app.kubernetes.io/instance={OLD},app.kubernetes.io/component=master"
    claims = json.loads(place.kubectl("get", "pvc", "-o", "json"))["items"]
    names = [one["metadata"]["name"] for one in claims if one["metadata"]["name"].startswith(f"journal-{OLD}-")]
    if not names:
        raise LookupError("no PVC of a journal was found")
    place.kubectl("delete", "pvc", *names, "--wait=false")
    place.kubectl("delete", "pods", "-l", labels, "--grace-period=0", "--force")
    print(f"    lost: {', '.join(names)}", flush=True)


def _restore(place: Lab, disaster: float, masters: int) -> Json:
    verified = place.status("alx", OLD)["backups"]["verified"]
    place.kubectl("delete", "alx", OLD, "--wait")
    pods = f"app.kubernetes.io/instance={OLD}"
    place.until("the old pods gone", PATIENCE, lambda: not place.kubectl("get", "pods", "-l", pods, "-o", "name"))
    asked = time.time()
    place.apply("AlluxioCluster", NEW, _spec(masters) | {"bootstrap": {"restore": {"backupName": verified["name"]}}})
    place.until_ready(NEW)
    ready = time.time()
    print(f"    restored from {verified}: {place.status('alx', NEW)['restore']}", flush=True)
    return {"backup": verified, "rto_seconds": round(ready - disaster, 1), "restore_seconds": round(ready - asked, 1)}


def _compare(place: Lab, written: list[Written], disaster: float, objective: float) -> Json:
    restored = _restored_names(place)
    due = [one for one in written if one.at <= disaster - objective]
    newer = [one for one in written if one.at > disaster - objective]
    lost = [one for one in written if one.name not in restored]
    unlike = _unlike(place, [one.name for one in due])
    # A file that was being written when the backup was taken comes back incomplete, and can't be read.
    newer_unlike = _unlike(place, [one.name for one in newer if one.name in restored])
    missing = [one.name for one in due if one.name not in restored]
    return {
        "expected": len(due),
        "found": len(due) - len(missing),
        "mismatched": len(unlike),
        "unlike": unlike[:10],
        "missing": missing[:10],
        "newer": len(newer),
        "newer_found": sum(one.name in restored for one in newer),
        "newer_mismatched": len(newer_unlike),
        "newer_unlike": newer_unlike[:10],
        "rpo_seconds": round(disaster - min(one.at for one in lost), 1) if lost else 0.0,
    }


def _unlike(place: Lab, names: list[str]) -> list[str]:
    """Return the files that can't be read, or have another content."""
    read = partial(_reads, _proxy(place, NEW), time.monotonic() + READ_PATIENCE)
    with ThreadPoolExecutor(READERS) as pool:
        return [name for name, same in zip(names, pool.map(read, names), strict=True) if not same]


def _restored_names(place: Lab) -> set[str]:
    """Return the names that came from the backup: Alluxio also finds newer files in the UFS once they are asked for."""
    found: set[str] = set()
    with client(place.leader(NEW), PATIENCE) as master:
        for folder in master.names(f"/{BUCKET}"):
            found |= {f"{folder}/{name}" for name in master.names(f"/{BUCKET}/{folder}")}
    return found


def _reads(host: str, end: float, name: str) -> bool:
    """Return True if a file has its content. Until `end` retry: a proxy that has just started may refuse reads.

    Without obstore, which refuses an answer without an ETag: the proxy has none for a file that Alluxio loaded from the
    UFS.
    """
    request = urllib.request.Request(f"http://{host}:{PROXY_PORT}/api/v1/s3/{BUCKET}/{name}", headers=UNSIGNED)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bool(answer.read() == content(name))
        except urllib.error.HTTPError as error:
            if error.code == 404 or time.monotonic() > end:
                return False
        except OSError:
            if time.monotonic() > end:
                return False
        time.sleep(1)


def verdict(found: Json) -> list[str]:
    """Return what failed, one line each; empty if the objective was held."""
    failures = []
    if not found["expected"]:
        failures.append("no file was older than the objective: run for more minutes")
    if found["found"] < found["expected"]:
        failures.append(f"{found['expected'] - found['found']} files are missing, such as {found['missing'][0]}")
    if found["mismatched"]:
        failures.append(f"{found['mismatched']} files older than the objective can't be read, or have another content")
    if found["unhealthy"]:
        failures.append(f"{HEALTHY} wasn't True: {found['unhealthy'][0]}")
    if found["rpo_seconds"] > found["objective_seconds"]:
        failures.append(f"files of the last {found['rpo_seconds']} s are lost")
    return failures


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for found in runs.of(NAME, "ours", 1):
        objective = found["objective_seconds"]
        text = f"all journals lost after {found['minutes']:g} minutes of writes and {found['expected']:,} older files"
        for title, unit, key, goal in (
            ("recovery point: seconds of names that are lost", "s", "rpo_seconds", Goal(f"{objective} s", objective)),
            ("recovery time: from the loss until Ready", "s", "rto_seconds", None),
            ("of it, from the new AlluxioCluster until Ready", "s", "restore_seconds", None),
            ("files older than the objective that are missing", "files", "missing_files", Goal("none", 0)),
            ("files older than the objective with another content", "files", "mismatched", Goal("none", 0)),
            ("newer files that came back incomplete", "files", "newer_mismatched", None),
        ):
            value = found["expected"] - found["found"] if key == "missing_files" else found[key]
            yield from figure(f"{text}: {title}", 1, unit, Sample.of([value]), goal=goal)
