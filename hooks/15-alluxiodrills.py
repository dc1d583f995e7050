#!/usr/bin/env -S python3 -I -S
"""Wake an AlluxioDrill when a user creates, edits or deletes it."""
# Generated from the kind's descriptor by `make generate`.

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import edits_of, run


def config(environ):
    return edits_of("AlluxioDrill", "alluxiodrills", environ)


run(config)
