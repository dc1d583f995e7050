"""Generate the hook of a kind: the script that shell-operator runs when a user creates, edits or deletes a resource."""

from __future__ import annotations

from typing import Final

from alluxio_operator.engine.kind import KindDescriptor

FOLDER: Final = "hooks"
MARK: Final = "# Generated from the kind's descriptor by `make generate`."


def script(kind: KindDescriptor) -> str:
    """Return the text of the hook. It imports almost nothing, because every event pays for its start."""
    return f'''#!/usr/bin/env -S python3 -I -S
"""Wake {kind.article} {kind.kind} when a user creates, edits or deletes it."""
{MARK}

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import edits_of, run


def config(environ):
    return edits_of("{kind.kind}", "{kind.plural}", environ)


run(config)
'''
