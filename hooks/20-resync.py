#!/usr/bin/env -S python3 -I -S
"""Requeue every owner at an interval and ignore all caches: this repairs changes that no event reported."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import resync_crontab, run


def config(environ):
    return {
        "configVersion": "v1",
        "schedule": [{"name": "resync", "crontab": resync_crontab(environ), "queue": "resync"}],
    }


run(config)
