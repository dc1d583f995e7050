"""Paths of Alluxio 2.9's REST interface; source: its AlluxioMasterRestServiceHandler, and that of the worker."""

from __future__ import annotations

from typing import Final

MASTER_INFO: Final = "/api/v1/master/info"
"""A leader that serves answers with 200, and so do standbys of 2.9.4."""
MASTER_OVERVIEW: Final = "/api/v1/master/webui_overview"
"""Every running master answers, also a leader in safe mode."""
JOB_MASTER_INFO: Final = "/api/v1/job_master/info"
WORKER_BLOCKS: Final = "/api/v1/worker/webui_blockinfo"
"""Files of which a worker has blocks, with these blocks."""
METRICS: Final = "/metrics/prometheus/"
GAUGES: Final = "/metrics/json/"
