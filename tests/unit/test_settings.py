"""Settings from the environment: defaults, bounds, and errors that a stranger can act on."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from alluxio_operator.settings import SettingError, Settings

OWN = {"POD_NAMESPACE": "ops"}


def test_the_defaults_hold_together() -> None:
    settings = Settings.from_env(OWN)
    assert settings == Settings(operator_namespace="ops")
    assert settings.socket == Path("/run/alluxio-operator/hooks.sock")
    assert settings.watch_namespaces == ()
    assert settings.drain == 20
    assert settings.lease_retry < settings.lease_renew_deadline < settings.lease_duration


def test_everything_can_be_set() -> None:
    environ = {}
    for one in fields(Settings):
        variable, default = one.metadata["variable"], one.default
        number = str(default + 1) if isinstance(default, int | float) else "/some/path"
        environ[variable] = "DEBUG" if variable.endswith("LOG_LEVEL") else number
    environ["ALLUXIO_OPERATOR_CHILD_EVENTS"] = "hooks"
    environ["WATCH_NAMESPACE"] = "b, a"
    settings = Settings.from_env(environ)
    default = Settings()
    for one in fields(Settings):
        assert getattr(settings, one.name) != getattr(default, one.name), one.name
    assert settings.watch_namespaces == ("a", "b")
    assert settings.log_level == "debug"
    assert settings.workers == 5
    assert settings.kubeconfig == Path("/some/path")


def test_variables_have_distinct_names() -> None:
    variables = [one.metadata["variable"] for one in fields(Settings)]
    assert len(set(variables)) == len(variables)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_env({**OWN, "KUBECONFIG": "", "ALLUXIO_OPERATOR_WORKERS": " "}) == Settings.from_env(OWN)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"POD_NAMESPACE": ""}, "POD_NAMESPACE='': set it to the operator's own namespace with the downward API"),
        ({"ALLUXIO_OPERATOR_WORKERS": "0"}, "ALLUXIO_OPERATOR_WORKERS='0': give a whole number from 1 to 64"),
        ({"ALLUXIO_OPERATOR_WORKERS": "1.5"}, "give a whole number from 1 to 64"),
        ({"ALLUXIO_OPERATOR_HTTP_PORT": "65536"}, "ALLUXIO_OPERATOR_HTTP_PORT='65536': give a whole number"),
        ({"ALLUXIO_OPERATOR_RESYNC_MINUTES": "60"}, "give a whole number of minutes from 1 to 59"),
        ({"ALLUXIO_OPERATOR_RECONCILE_DEADLINE_SECONDS": "1m"}, "give a number of seconds above 0"),
        ({"ALLUXIO_OPERATOR_RECONCILE_DEADLINE_SECONDS": "0"}, "give a number of seconds above 0"),
        ({"ALLUXIO_OPERATOR_RECONCILE_DEADLINE_SECONDS": "nan"}, "give a number of seconds above 0"),
        (
            {"ALLUXIO_OPERATOR_CHILD_EVENTS": "kopf"},
            "ALLUXIO_OPERATOR_CHILD_EVENTS='kopf': give one of auto, hooks, watch",
        ),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud': give one of debug, info, warn, error"),
        ({"WATCH_NAMESPACE": "A"}, "WATCH_NAMESPACE='A': 'A' is not a valid namespace name"),
        (
            {"ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS": "10"},
            "ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS='10': it must lie between",
        ),
    ],
)
def test_an_error_names_variable_value_and_remedy(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_env({**OWN, **environ})
    assert message in str(raised.value)
