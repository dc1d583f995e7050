"""The support bundle of a cluster: one file without secrets.

The plugin reads everything with the user's own rights. If it can't read something, it goes on, and the bundle names the
missing file.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator import __version__
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.children import OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.plugin import redact
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Reader
from alluxio_operator.transport.printable import printable

TAIL = 5000
"""Lines of each log."""
LEFT_OUT = (KIND, "Event", "Secret")
OPERATOR_SELECTOR = "app.kubernetes.io/name=alluxio-operator"

README = """Report of `kubectl alluxio report` on {namespace}/{name}, collected at {now}.

cluster.yaml     the AlluxioCluster, with its status
objects/         the objects of the cluster, by kind
events.yaml      Events of the namespace
logs/            the last {tail} lines of each container; .previous is the run before the last restart
operator/        the operator's Deployment and logs, if your rights include them
missing.txt      files that couldn't be read, with the reason

The plugin never reads Secrets, and replaces values that look like credentials with {gone}. Still, read the report
before you send it: it contains addresses, paths and file names.
"""


@dataclass(slots=True)
class Report:
    """The files of a report by name; `missing`: each file that couldn't be read, with the reason."""

    files: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, read: Callable[[], str]) -> None:
        """Add a file; record an error of `read` in `missing`."""
        try:
            content = read()
        except (ApiError, PluginError) as error:
            self.missing.append(redact.text(printable(f"{name}: {error}")))
        else:
            if content:
                self.files[name] = content


def collect(reader: Reader, name: str, now: datetime, operator_namespace: str | None = None) -> Report:
    """Collect the report of a cluster. Without `operator_namespace`, search all namespaces for the operator."""
    report = Report()
    with redact.remembering() as secrets:
        _collect(report, reader, name, operator_namespace)
    report.files = {file: redact.without(content, secrets) for file, content in report.files.items()}
    facts = {"name": name, "namespace": reader.namespace, "now": f"{now:%Y-%m-%d %H:%M:%S} UTC"}
    report.files["README.txt"] = README.format(**facts, tail=TAIL, gone=redact.REDACTED)
    report.files["versions.json"] = json.dumps({"plugin": __version__, "collected": now.isoformat()}, indent=2) + "\n"
    if report.missing:
        report.files["missing.txt"] = "\n".join(report.missing) + "\n"
    return report


def _collect(report: Report, reader: Reader, name: str, operator_namespace: str | None) -> None:
    report.add("cluster.yaml", lambda: _yaml(reader.cluster(name)))
    selector = f"{OWNER_KIND_LABEL}={KIND},{OWNER_LABEL}={name}"
    for kind in KINDS.values():
        if kind.kind not in LEFT_OUT and kind.kind != "Pod":
            report.add(f"objects/{kind.plural}.yaml", partial(_listed, reader, kind.path(reader.namespace), selector))
    report.add("events.yaml", lambda: _all(reader.kube.list(KINDS["Event"].path(reader.namespace))))
    _pods(report, reader, lambda: reader.pods_of(name), "objects/pods.yaml", "logs", reader.namespace)
    _operator(report, reader, operator_namespace)


def write(report: Report, file: Path, now: datetime) -> None:
    """Write a report as a tar.gz with one folder. Only the file's owner can read it. Raise PluginError.

    The report is a new file that takes the place of an existing file or symbolic link: to write into one would keep
    its mode, or follow the link.
    """
    folder = file.name.removesuffix(".tar.gz")
    try:
        # mkstemp creates with O_EXCL, O_NOFOLLOW and mode 600.
        descriptor, unfinished = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as opened, tarfile.open(fileobj=opened, mode="w:gz") as tar:
                for name, content in sorted(report.files.items()):
                    data = content.encode(errors="replace")
                    member = tarfile.TarInfo(f"{folder}/{name}")
                    member.size, member.mtime, member.mode = len(data), int(now.timestamp()), 0o600
                    tar.addfile(member, io.BytesIO(data))
            Path(unfinished).replace(file)
        except BaseException:
            Path(unfinished).unlink()
            raise
    except OSError as error:
        raise PluginError(f"{file} can't be written: {error.strerror}; --file names another place") from error


def _operator(report: Report, reader: Reader, namespace: str | None) -> None:
    found: list[Mapping[str, Any]] = []

    def deployments() -> str:
        found.extend(_read(reader, KINDS["Deployment"].path(namespace or ""), OPERATOR_SELECTOR))
        return _all(iter(found))

    report.add("operator/deployments.yaml", deployments)
    for place in sorted({one["metadata"]["namespace"] for one in found}):
        read = partial(_read, reader, KINDS["Pod"].path(place), OPERATOR_SELECTOR)
        _pods(report, reader, read, f"operator/{place}/pods.yaml", f"operator/{place}/logs", place)


def _pods(
    report: Report,
    reader: Reader,
    read: Callable[[], list[Mapping[str, Any]]],
    listing: str,
    folder: str,
    namespace: str,
) -> None:
    pods: list[Mapping[str, Any]] = []

    def listed() -> str:
        pods.extend(read())
        return _all(iter(pods))

    report.add(listing, listed)
    for pod in pods:
        name = pod["metadata"]["name"]
        for container, restarted in _started(pod):
            for previous in (False, True) if restarted else (False,):
                file = f"{folder}/{name}/{container}{'.previous' if previous else ''}.log"

                def log(name: str = name, container: str = container, previous: bool = previous) -> str:
                    found = reader.log(name, container, namespace, tail=TAIL, previous=previous)
                    return redact.text(printable(found))

                report.add(file, log)


def _started(pod: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    status = pod.get("status", {})
    for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        if not {"running", "terminated"}.isdisjoint(one.get("state", {})) or one.get("restartCount"):
            yield one["name"], bool(one.get("restartCount"))


def _read(reader: Reader, path: str, selector: str) -> list[Mapping[str, Any]]:
    return list(reader.kube.list(path, selector))


def _listed(reader: Reader, path: str, selector: str) -> str:
    return _all(iter(_read(reader, path, selector)))


def _yaml(obj: Mapping[str, Any]) -> str:
    return yaml.safe_dump(redact.value(obj), sort_keys=False, width=120)


def _all(found: Iterator[Mapping[str, Any]]) -> str:
    objects = [redact.value(one) for one in found]
    return yaml.safe_dump_all(objects, sort_keys=False, width=120) if objects else ""
