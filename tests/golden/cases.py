"""Golden cases: a folder with a resource, and the objects that are rendered for it.

    tests/golden/KIND/CASE/KIND.yaml        the resource, as a person writes it
    tests/golden/KIND/CASE/objects.txt      optional: which objects the case is about; without it, all of them
    tests/golden/KIND/CASE/expected/        one file per object, NN-kind-name.yaml; NN is the template's number

A line of objects.txt is a glob, such as `30-statefulset-*`, or with a `!` before it a glob that no object may match.
Few cases keep all objects: in each of them, a line of a template changes a file.

To add a case, add the folder with its resource, run `make golden`, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from tests.golden import clusters, prestos

from alluxio_operator.engine.render import Manifest

HERE = Path(__file__).parent
MANIFESTS: Mapping[str, Callable[[str], tuple[Manifest, ...]]] = {
    "cluster": clusters.manifests_of,
    "presto": prestos.manifests_of,
}
"""By kind, what is rendered for a case of it."""


@dataclass(frozen=True)
class Case:
    """One golden case, of a kind."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return HERE / self.kind / self.name

    @property
    def globs(self) -> tuple[str, ...]:
        """The objects that it is about; none: all of them."""
        file = self.folder / "objects.txt"
        return tuple(file.read_text().split()) if file.exists() else ()

    def rendered(self) -> dict[str, str]:
        """Return everything that is rendered, by the name of its file."""
        found: dict[str, str] = {}
        for manifest in MANIFESTS[self.kind](self.name):
            name = f"{manifest.order:02d}-{manifest.ref.kind.lower()}-{manifest.ref.name}.yaml"
            assert name not in found, f"{self}: two objects of one name: {name}"
            found[name] = as_text(manifest.obj)
        return found

    def expected(self) -> dict[str, str]:
        """Return the files that it is to have."""
        wanted = [glob for glob in self.globs if not glob.startswith("!")]
        return {
            name: text
            for name, text in self.rendered().items()
            if not self.globs or any(matches(glob, name) for glob in wanted)
        }

    def committed(self) -> dict[str, str]:
        """Return the files that it has."""
        return {path.name: path.read_text() for path in sorted((self.folder / "expected").glob("*.yaml"))}


CASES = [Case(kind, path.parent.name) for kind in MANIFESTS for path in sorted((HERE / kind).glob(f"*/{kind}.yaml"))]


def matches(glob: str, file: str) -> bool:
    """Tell whether a file is one of those that a line of objects.txt names."""
    return fnmatchcase(file, f"{glob.removeprefix('!')}.yaml")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, so that a diff shows the line that changed."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_text(obj: object) -> str:
    """Return an object as the text of its file."""
    return yaml.dump(obj, Dumper=_Dumper, sort_keys=False, width=118)
