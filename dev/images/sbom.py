"""Lists what is inside an image, as CycloneDX: Debian's packages, Python's, and the Go modules of shell-operator.

Read from the finished image and not from what was asked for. Source of the form: CycloneDX 1.5, ECMA-424.
"""

from __future__ import annotations

import email.parser
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

DPKG = "var/lib/dpkg/status"
GO_PROGRAMS = ("usr/local/bin/shell-operator",)
PYTHON_PACKAGE = re.compile(r"opt/venv/lib/python3\.\d+/site-packages/[^/]+\.dist-info/METADATA")


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One package: `purl` names it for all tools (package-url.github.io)."""

    purl: str
    name: str
    version: str


def components(archive: Path) -> list[Component]:
    """Return the packages in an image of a docker archive."""
    found: set[Component] = set()
    with tarfile.open(archive) as tar:
        [manifest] = json.load(_file(tar, "manifest.json"))
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=_file(tar, name)) as layer:
                found.update(_in_layer(layer))
    return sorted(found)


def document(found: Iterable[Component], image: str, version: str) -> Json:
    """Return the CycloneDX document; without a time and a serial number, so that the same image gives the same."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": image, "version": version}},
        "components": [
            {"type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version, "purl": one.purl}
            for one in found
        ],
    }


def debian(status: str) -> Iterator[Component]:
    """Yield the packages that dpkg's status file calls installed."""
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+): (.*)$", paragraph))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{quote(version, safe='.-~:')}?arch={fields['Architecture']}"
            yield Component(purl, name, version)


def python(metadata: str) -> Component:
    """Return the package that a METADATA file is of."""
    fields = email.parser.HeaderParser().parsestr(metadata)
    name, version = str(fields["Name"]), str(fields["Version"])
    return Component(f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}", name, version)


def go_modules(listing: str) -> Iterator[Component]:
    """Yield the modules that `go version -m` tells of a program; one that was replaced is what replaced it."""
    modules: list[list[str]] = []
    for line in listing.splitlines():
        kind, *rest = line.strip().split("\t")
        if kind in ("dep", "mod") and len(rest) >= 2 and rest[1] != "(devel)":
            modules.append(rest[:2])
        elif kind == "=>" and modules:
            modules[-1] = rest[:2]
    for name, version in modules:
        yield Component(f"pkg:golang/{quote(name, safe='/.-_~')}@{version}", name, version)


def _in_layer(layer: tarfile.TarFile) -> Iterator[Component]:
    for member in layer:
        name = member.name.removeprefix("./")
        if name == DPKG:
            yield from debian(_file(layer, member).read().decode())
        elif PYTHON_PACKAGE.fullmatch(name):
            yield python(_file(layer, member).read().decode())
        elif name in GO_PROGRAMS:
            yield from go_modules(_go_version(_file(layer, member).read()))


def _go_version(program: bytes) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(program)
        file.flush()
        done = subprocess.run(["go", "version", "-m", file.name], capture_output=True, text=True, check=True)
        return done.stdout


def _file(tar: tarfile.TarFile, member: str | tarfile.TarInfo) -> Any:
    file = tar.extractfile(member)
    if file is None:
        raise ValueError(f"{member} is no file of the archive")
    return file
