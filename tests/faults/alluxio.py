"""Tells the stand-in for Alluxio how the masters at an address shall behave."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from dev.simulation.alluxio import CONTROL_PORT
from tests.api.stage import until


def behave(address: str, mode: str = "serves", workers: int = 8, follows: str = "") -> None:
    """Let the masters at an address ("*": at every one) answer in a way; a standby `follows` the leader's host."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{CONTROL_PORT}/behaviour/{address}",
        data=json.dumps({"mode": mode, "workers": workers, "follows": follows}).encode(),
        headers={"Content-Type": "application/json"},
        method="PUT",
    )

    def told() -> bool:
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.URLError:
            # It was started a moment ago.
            return False
        return True

    until(told)
