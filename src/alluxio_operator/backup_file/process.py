"""How the programs of a Job's containers end on SIGTERM."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn


def end_on_sigterm() -> None:
    """Let SIGTERM end the process by an exception, with exit code 143.

    As process 1 of a container, Python would ignore the signal; this way a half written file is removed.
    """
    signal.signal(signal.SIGTERM, _end)


def _end(signal_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal_number)
