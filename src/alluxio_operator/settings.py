"""The operator's settings: each environment variable with its unit, default and bounds.

The hooks don't import this module, because dataclasses would double their start-up time. Variables that the hooks read,
too, are in `alluxio_operator.environment`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from alluxio_operator.environment import (
    AUTO,
    CHILD_EVENTS,
    DEFAULT_RUN_DIR,
    RESYNC_MINUTES,
    RUN_DIR,
    WATCH_NAMESPACE,
    SettingError,
    child_events,
    resync_minutes,
    socket_path,
    watch_namespaces,
)

__all__ = ["SettingError", "Settings"]


# ruff: noqa: RUF009  (a declaration like dataclasses.field, which the rule knows by name only)
def _setting(variable: str, parse: Callable[[str], object], default: Any) -> Any:
    """Declare a setting. `parse` returns the value of the variable's text, or raises ValueError(remedy)."""
    return field(default=default, metadata={"variable": variable, "parse": parse})


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    remedy = "give a number of seconds above 0 and at most 3600"
    try:
        value = float(text)
    except ValueError:
        raise ValueError(remedy) from None
    if not 0 < value <= 3600:
        raise ValueError(remedy)
    return value


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warn", "error"):
        raise ValueError("give one of debug, info, warn, error")
    return text.lower()


def _own_namespace(text: str) -> str:
    if not text:
        raise ValueError("set it to the operator's own namespace with the downward API (metadata.namespace)")
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings, parsed once. Durations are in seconds unless the name has another unit."""

    operator_namespace: str = _setting("POD_NAMESPACE", _own_namespace, "")
    pod_name: str = _setting("POD_NAME", str, "local")
    watch_namespaces: tuple[str, ...] = _setting(
        WATCH_NAMESPACE, lambda text: watch_namespaces({WATCH_NAMESPACE: text}), ()
    )
    """Empty for all namespaces."""
    operator_condition: str = _setting("OPERATOR_CONDITION_NAME", str, "")
    """Name of this version's OperatorCondition; the Operator Lifecycle Manager sets the variable."""
    kubeconfig: Path | None = _setting("KUBECONFIG", Path, None)
    """None inside a cluster."""

    image: str = _setting("ALLUXIO_OPERATOR_IMAGE", str, "")
    """Image of the operator, which its Jobs run, too; empty to take that of its own pod."""

    run_dir: Path = _setting(RUN_DIR, Path, Path(DEFAULT_RUN_DIR))
    """A writable directory for the hooks' socket, shell-operator's temporary files and its debug socket."""
    hooks_dir: Path = _setting("ALLUXIO_OPERATOR_HOOKS_DIR", Path, Path("/hooks"))
    templates_dir: Path = _setting("ALLUXIO_OPERATOR_TEMPLATES_DIR", Path, Path("/templates"))
    reconcilers: str = _setting("ALLUXIO_OPERATOR_RECONCILERS", str, "alluxio_operator.kinds.registry")
    """Module with the reconciler of each kind; tests replace it."""
    shell_operator: Path = _setting("ALLUXIO_OPERATOR_SHELL_OPERATOR", Path, Path("/shell-operator"))

    log_level: str = _setting("LOG_LEVEL", _level, "info")
    http_address: str = _setting("ALLUXIO_OPERATOR_HTTP_ADDRESS", str, "")
    """Listen address of /healthz, /readyz and /metrics; empty for every address of the pod, IPv4 and IPv6."""
    http_port: int = _setting("ALLUXIO_OPERATOR_HTTP_PORT", _whole(1, 65535), 9116)
    shell_operator_address: str = _setting("SHELL_OPERATOR_LISTEN_ADDRESS", str, "127.0.0.1")
    """Loopback, because the port also serves profiles and stack traces (pprof) to every client. The operator's own port
    passes on its metrics."""
    shell_operator_port: int = _setting("SHELL_OPERATOR_LISTEN_PORT", _whole(1, 65535), 9115)
    shell_operator_log_level: str = _setting("SHELL_OPERATOR_LOG_LEVEL", _level, "error")
    """Separate from LOG_LEVEL, because at info shell-operator writes several lines for each run of a hook."""
    shell_operator_qps: int = _setting("KUBE_CLIENT_QPS", _whole(1, 1000), 20)
    """Requests per second of shell-operator's client; its own default of 5 makes a start slow."""
    shell_operator_burst: int = _setting("KUBE_CLIENT_BURST", _whole(1, 1000), 40)

    workers: int = _setting("ALLUXIO_OPERATOR_WORKERS", _whole(1, 64), 4)
    """Number of owners that are reconciled in parallel."""
    backup_jobs: int = _setting("ALLUXIO_OPERATOR_BACKUP_JOBS", _whole(1, 1000), 4)
    """Number of Jobs that read, restore or delete backups in a namespace at a time."""
    reconcile_deadline: float = _setting("ALLUXIO_OPERATOR_RECONCILE_DEADLINE_SECONDS", _seconds, 60.0)
    stuck_after: float = _setting("ALLUXIO_OPERATOR_STUCK_AFTER_SECONDS", _seconds, 300.0)
    """Seconds beyond its deadline after which a worker makes /healthz fail."""
    resync_minutes: int = _setting(
        RESYNC_MINUTES, lambda text: resync_minutes({RESYNC_MINUTES: text}), resync_minutes({})
    )
    """Minutes between two resyncs of all owners."""
    child_events: str = _setting(CHILD_EVENTS, lambda text: child_events({CHILD_EVENTS: text}), AUTO)
    """Source of child events: "hooks", "watch" (the server's own), or "auto" (by the number of owners)."""
    shutdown_grace: float = _setting("ALLUXIO_OPERATOR_SHUTDOWN_GRACE_SECONDS", _seconds, 25.0)
    """Seconds for all processes to end; less than the pod's terminationGracePeriodSeconds."""

    lease_name: str = _setting("ALLUXIO_OPERATOR_LEASE_NAME", str, "alluxio-operator")
    lease_duration: float = _setting("ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS", _seconds, 15.0)
    lease_renew_deadline: float = _setting("ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS", _seconds, 10.0)
    lease_retry: float = _setting("ALLUXIO_OPERATOR_LEASE_RETRY_SECONDS", _seconds, 2.0)

    @property
    def socket(self) -> Path:
        """Path of the unix socket on which the server receives the hooks' messages."""
        return Path(socket_path({RUN_DIR: str(self.run_dir)}))

    @property
    def drain(self) -> float:
        """Seconds for running reconciles to end. The rest of the grace period is for releasing the Lease."""
        return max(1.0, self.shutdown_grace - 5.0)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Parse the environment. Raise SettingError, which names variable, value and remedy.

        An empty variable counts as unset, because manifests often contain one.
        """
        values: dict[str, Any] = {}
        for one in fields(cls):
            variable = one.metadata["variable"]
            text = environ.get(variable, "").strip()
            if text or one.default == "":
                values[one.name] = _parsed(variable, text, one.metadata["parse"])
        settings = cls(**values)
        settings._check_lease()
        return settings

    def _check_lease(self) -> None:
        # The holder must give up before another replica may take over; this order guarantees it.
        if not self.lease_retry < self.lease_renew_deadline < self.lease_duration:
            raise SettingError(
                "ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS",
                f"{self.lease_renew_deadline:g}",
                f"it must lie between ALLUXIO_OPERATOR_LEASE_RETRY_SECONDS ({self.lease_retry:g}) "
                f"and ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS ({self.lease_duration:g})",
            )


def _parsed(variable: str, text: str, parse: Callable[[str], object]) -> object:
    try:
        return parse(text)
    except SettingError:
        raise
    except ValueError as error:
        raise SettingError(variable, text, str(error)) from None
