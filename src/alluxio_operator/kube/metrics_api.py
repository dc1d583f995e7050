"""CPU and memory of pods, from the resource metrics API (metrics.k8s.io), which metrics-server serves.

A missing API is a value and no error, since many Kubernetes clusters have none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import durationpy
from kubernetes.utils.quantity import parse_quantity

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import ApiError, NotFound, Refused
from alluxio_operator.kube.kinds import Object
from alluxio_operator.kube.used import NoMetrics, PodUsed, Used
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

GROUP: Final = "metrics.k8s.io"
TIMEOUT: Final = 2.0
"""Seconds: a reconcile must not wait for figures. metrics-server answers from memory, in milliseconds."""
RARELY: Final = timedelta(minutes=10)
"""Until the next request to an API that is missing or forbidden."""
SOON: Final = timedelta(minutes=1)
"""Until the next request to an API that didn't answer: a metrics-server takes as long to start."""


def pods_used(kube: Kube, namespace: str, selector: str, deadline: Deadline) -> tuple[PodUsed, ...] | NoMetrics:
    """Read what the pods of a selector use, without those that weren't measured yet."""
    path = f"/apis/{GROUP}/v1beta1/namespaces/{namespace}/pods"
    try:
        return tuple(_parsed(item) for item in kube.within(deadline.at_most(TIMEOUT)).list(path, selector))
    except NotFound:
        return NoMetrics(f"{GROUP} isn't served here: there is no metrics-server", RARELY)
    except Refused as error:
        if error.status != 403:
            return NoMetrics(f"{GROUP} refuses the question (HTTP {error.status})", RARELY)
        return NoMetrics(f"the operator may not list pods of {GROUP} in this namespace", RARELY, everywhere=False)
    except (ApiError, DeadlineExceeded) as error:
        status = error.status if isinstance(error, ApiError) else 0
        how = f"answers HTTP {status}" if status else f"didn't answer within {TIMEOUT:g} s"
        return NoMetrics(f"{GROUP} is registered and {how}" if status == 503 else f"{GROUP} {how}", SOON)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        # Other servers than metrics-server exist: an odd answer must not fail a reconcile.
        return NoMetrics(f"{GROUP} says what can't be understood", RARELY)


def _parsed(item: Object) -> PodUsed:
    containers: Mapping[str, Used] = {
        one["name"]: Used(
            cpu=math.ceil(parse_quantity(one["usage"].get("cpu", 0)) * 1000),
            memory=int(parse_quantity(one["usage"].get("memory", 0))),
        )
        for one in item.get("containers", ())
    }
    # Go writes it as 1m0.5s.
    window = durationpy.from_str(item.get("window") or "0")
    measured = datetime.fromisoformat(item["timestamp"])
    return PodUsed(item["metadata"]["name"], measured, measured - window, containers)
