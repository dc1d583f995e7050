#!/usr/bin/env -S python3 -I -S
"""Has every owner looked at from time to time, trusting nothing remembered: heals what no event told of."""

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
