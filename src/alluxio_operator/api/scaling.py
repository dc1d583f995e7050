"""How the number of workers follows the clock and the load."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Cron, Model, Name, TimeZone, cel, rules
from alluxio_operator.api.roles import list_map

Replicas = Annotated[int, Field(ge=0, le=1000)]


class ScalingSchedule(Model):
    """A window that comes again and again, in which there are at least so many workers."""

    name: Name = Field(description="Name of the window.")
    time_zone: TimeZone = Field(
        "UTC", description="Time zone of start and end by its name, such as Europe/Berlin; it knows daylight saving."
    )
    start: Cron = Field(description="When the window opens, as cron has it, such as 0 7 * * 1-5.")
    end: Cron = Field(description="When it closes, as cron has it, such as 0 19 * * 1-5.")
    replicas: Replicas = Field(description="Workers while it is open, at least.")


class LoadScaling(Model):
    """How the number of workers follows the queries and the processors."""

    queries_per_worker: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="Running and queued queries for which there is to be one worker."
    )
    cpu_percent: Annotated[int, Field(ge=5, le=100)] | None = Field(
        None, description="How busy the workers' processors are to be, as an average of all workers."
    )
    scale_up_after_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        30, description="How long more workers have to be asked for without a break before there are more."
    )
    scale_down_after_seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        300, description="How long fewer workers have to suffice without a break before there are fewer."
    )


class Autoscaling(Model):
    """The number of workers by clock and by load; the larger one wins."""

    min_replicas: Replicas | None = Field(
        None, description="Workers at least; 0 lets queries wait for the first one. workers.replicas when not given."
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(description="Workers at most.")
    schedules: Annotated[tuple[ScalingSchedule, ...], Field(max_length=16, json_schema_extra=list_map("name"))] = Field(
        (), description="Windows with more workers; of several that are open the largest counts."
    )
    load: LoadScaling | None = Field(None, description="More workers while there is more to do.")


AUTOSCALING_RULES = rules(
    cel(
        "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
        "minReplicas is larger than maxReplicas: lower the one or raise the other",
        field_path=".minReplicas",
    ),
    cel(
        "self.schedules.all(s, s.replicas <= self.maxReplicas)",
        "a schedule has more replicas than maxReplicas: lower the one or raise the other",
        field_path=".schedules",
    ),
)

LOAD_RULES = rules(
    cel(
        "has(self.queriesPerWorker) || has(self.cpuPercent)",
        "load needs a measure: give queriesPerWorker, cpuPercent or both",
    )
)
