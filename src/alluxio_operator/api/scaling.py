"""Autoscaling: how the number of workers follows the clock and the load."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Cron, Model, Name, TimeZone, cel, rules
from alluxio_operator.api.roles import list_map

Replicas = Annotated[int, Field(ge=0, le=1000)]


class ScalingSchedule(Model):
    """A recurring window with a minimum number of workers."""

    name: Name = Field(description="Name of the window.")
    time_zone: TimeZone = Field(
        "UTC", description="Time zone of start and end, such as Europe/Berlin; it includes daylight saving."
    )
    start: Cron = Field(description="When the window opens, as a cron expression, such as 0 7 * * 1-5.")
    end: Cron = Field(description="When the window closes, as a cron expression, such as 0 19 * * 1-5.")
    replicas: Replicas = Field(description="Minimum number of workers while the window is open.")


class LoadScaling(Model):
    """Scaling of workers by queries and CPU."""

    queries_per_worker: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="Running and queued queries per worker."
    )
    cpu_percent: Annotated[int, Field(ge=5, le=100)] | None = Field(
        None, description="Target use of the workers' processors in percent, as an average of all workers."
    )
    scale_up_after_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        30,
        description="Seconds for which the load has to need more workers, without a break, before workers are added.",
    )
    scale_down_after_seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        300, description="Seconds for which fewer workers have to suffice, without a break, before workers are removed."
    )


class Autoscaling(Model):
    """The number of workers by clock and by load; the larger number counts."""

    min_replicas: Replicas | None = Field(
        None,
        description="Minimum number of workers. With 0, a query waits until the first worker has started. Default: "
        "workers.replicas.",
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(description="Maximum number of workers.")
    schedules: Annotated[tuple[ScalingSchedule, ...], Field(max_length=16, json_schema_extra=list_map("name"))] = Field(
        (), description="Windows with more workers. Of several open windows the one with the most workers counts."
    )
    load: LoadScaling | None = Field(None, description="More workers under load.")


AUTOSCALING_RULES = rules(
    cel(
        "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
        "minReplicas is larger than maxReplicas: lower minReplicas or raise maxReplicas",
        field_path=".minReplicas",
    ),
    cel(
        "self.schedules.all(s, s.replicas <= self.maxReplicas)",
        "a schedule has more replicas than maxReplicas: lower its replicas or raise maxReplicas",
        field_path=".schedules",
    ),
)

LOAD_RULES = rules(
    cel(
        "has(self.queriesPerWorker) || has(self.cpuPercent)",
        "load needs a measure: set queriesPerWorker, cpuPercent or both",
    )
)
