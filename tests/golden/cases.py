"""Golden cases: a folder with a resource, what was observed around it, and every object that is rendered for it.

    tests/golden/CASE/cluster.yaml       the AlluxioCluster, as a person writes it
    tests/golden/CASE/observed.yaml      optional: `journal` (of the status), `claimInUse`, `jobComplete`
    tests/golden/CASE/expected/          one file per object, NN-kind-name.yaml; NN is the template's number

To add a case, add the folder with its cluster.yaml, run `python -m tests.golden.regenerate`, and read the diff.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.support.builders import NOW, TEMPLATES, UID, journal_claim, journal_job, observed

from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.engine.render import Manifest, Renderer
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.validate import Cluster, validate

Json = dict[str, Any]
HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/cluster.yaml"))
RENDERER = Renderer(TEMPLATES)


def resource_of(case: str) -> Json:
    """Return the resource as the API server would store it."""
    made: Json = yaml.safe_load((HERE / case / "cluster.yaml").read_text())
    made["metadata"] = {"namespace": "data", **made["metadata"], "uid": UID, "generation": 1}
    return made


@cache
def manifests_of(case: str) -> tuple[Manifest, ...]:
    """Return everything that is rendered for a case, whatever gates are closed."""
    made = resource_of(case)
    facts = HERE / case / "observed.yaml"
    known: Json = yaml.safe_load(facts.read_text()) if facts.exists() else {}
    cluster = validate({**made, "status": {"journal": known.get("journal")}})
    assert isinstance(cluster, Cluster), f"{case}: {cluster}"
    look = observed(
        made=made,
        journal=JournalStatus.model_validate(known["journal"]) if "journal" in known else None,
        claim=journal_claim(used=True) if known.get("claimInUse") else None,
        job=journal_job(complete=True) if known.get("jobComplete") else None,
    )
    return RENDERER.render("alluxio", decide(cluster, look, NOW).context)


def expected_of(case: str) -> dict[str, str]:
    """Return the files that a case is to have."""
    found: dict[str, str] = {}
    for manifest in manifests_of(case):
        name = f"{manifest.order:02d}-{manifest.ref.kind.lower()}-{manifest.ref.name}.yaml"
        assert name not in found, f"{case}: two objects of one name: {name}"
        found[name] = as_text(manifest.obj)
    return found


def files_of(case: str) -> dict[str, str]:
    """Return the files that a case has."""
    return {path.name: path.read_text() for path in sorted((HERE / case / "expected").glob("*.yaml"))}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, so that a diff shows the line that changed."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_text(obj: object) -> str:
    """Return an object as the text of its file."""
    return yaml.dump(obj, Dumper=_Dumper, sort_keys=False, width=118)
