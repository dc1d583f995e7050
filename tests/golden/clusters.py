"""Golden cases of an AlluxioCluster.

Beside its cluster.yaml a case may have an observed.yaml. That says what there is already: `journal` (as in the status),
`restore`, `restoreInPlace` (as in the status), `claimInUse`, `jobComplete`, `mastersStopped`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.support.backup import backup
from tests.support.builders import NOW, UID, journal_claim, journal_job, observed
from tests.support.rendering import RENDERER
from tests.support.restore import FINISHED, IN_VOLUME

from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.validate import Cluster, validate

Json = dict[str, Any]
HERE = Path(__file__).parent / "cluster"
CASES = sorted(path.parent.name for path in HERE.glob("*/cluster.yaml"))


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
        made,
        JournalStatus.model_validate(known["journal"]) if "journal" in known else None,
        journal_claim(used=True) if known.get("claimInUse") else None,
        journal_job(complete=True) if known.get("jobComplete") else None,
    )
    if "restore" in known:
        status = look.status.model_copy(update={"restore": RestoreStatus.model_validate(known["restore"])})
        look = replace(look, status=status, masters_stopped=bool(known.get("mastersStopped")))
    if "restoreInPlace" in known:
        record = RestoreInPlaceStatus.model_validate(known["restoreInPlace"])
        status = look.status.model_copy(update={"restore_in_place": record})
        found = FoundBackup({**backup(**IN_VOLUME), "status": FINISHED})
        look = replace(
            look,
            status=status,
            found_backup=found,
            own_image="alluxio-operator:0.1.0",
            masters_stopped=bool(known.get("mastersStopped")),
        )
    return RENDERER.render("alluxio", decide(cluster, look, NOW).context)
