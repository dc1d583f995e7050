"""The operator in one file, for `kubectl apply -f`: the same objects as config/default."""

from __future__ import annotations

from pathlib import Path

from dev.olm.programs import Programs
from dev.tasks.shell import ROOT

BUILT = ROOT / "build" / "release"
FILE = "alluxio-operator.yaml"

HEAD = """# alluxio-operator for all namespaces. Server-side, because the CRD is too large for kubectl's annotation:
#   kubectl apply --server-side -f alluxio-operator.yaml
"""


def write(programs: Programs, target: Path = BUILT, form: str = "default") -> Path:
    """Write the objects of config/FORM; return the file."""
    target.mkdir(parents=True, exist_ok=True)
    file = target / FILE
    file.write_text(HEAD + programs.run("kubectl", "kustomize", str(ROOT / "config" / form)))
    return file
