#!/usr/bin/env -S python3 -I -S
"""Wake the owner of an object that the operator manages when the object changes, becomes ready or is deleted.

An object that loses the operator's label counts as deleted. With many owners the server watches these objects itself,
and this hook has no bindings.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import changes_of_children, run


def config(environ):
    return changes_of_children(environ)


run(config)
