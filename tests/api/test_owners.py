"""Which owners there are, as a start and a resync read it from the API server."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from tests.api.stage import Stage

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import Reason, Request
from alluxio_operator.kinds.registry import list_owners
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics


def unlisted() -> Unlisted:
    return Unlisted(Metrics(CollectorRegistry()))


def test_an_edit_that_nobody_followed_comes_as_an_edit(installed: Stage):
    def owners() -> list[Request]:
        settings = Settings(operator_namespace="ops", watch_namespaces=(installed.namespace,))
        return list(list_owners(installed.api.kube, settings, ChangesUnderWay(), unlisted()))

    assert owners() == [Request(installed.key, Reason.RESYNC)]

    # One that starts no pod anew: others use this cluster, too.
    installed.edit(upgrade={"maxUnavailable": 2})
    assert owners() == [Request(installed.key, Reason.EDIT)]

    installed.reconcile()
    assert owners() == [Request(installed.key, Reason.RESYNC)]


def test_what_was_never_reconciled_comes_as_an_edit(stage: Stage):
    stage.create()
    settings = Settings(operator_namespace="ops", watch_namespaces=("other-of-this-name", stage.namespace))
    assert list(list_owners(stage.api.kube, settings, ChangesUnderWay(), unlisted())) == [
        Request(stage.key, Reason.EDIT)
    ]
