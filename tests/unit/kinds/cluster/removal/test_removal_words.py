"""What a removal says of itself."""

from __future__ import annotations

import pytest
from tests.support.builders import NOW

from alluxio_operator.api.removal import RemovalProof, RemovalStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.removal import report

RECORD = RemovalStatus(
    worker="x-worker-3",
    uid="u",
    operation="d1",
    state="Removing",
    since="2030-01-02T03:03:27Z",
    state_since="2030-01-02T03:04:00Z",
    deadline="2030-01-02T04:00:00Z",
    progress_at="2030-01-02T03:04:00Z",
    moved_bytes=4_402_341_478,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (4_402_341_478, "4.1 GiB"), (2**60, "1048576.0 TiB")],
)
def test_sizes_are_for_readers(size: int, text: str):
    assert report.in_words(size) == text


def test_the_history_says_what_was_moved():
    assert stamp(NOW) == "2030-01-02T03:04:05Z"
    change = report.finished(RECORD, 4, 7, NOW)
    assert change.message == "x-worker-3: 0 sole copies, 0 files to persist, 4.1 GiB moved in 38 s"
    assert (change.what, change.outcome, change.from_, change.to) == (
        "Decommissioned",
        "Succeeded",
        "4 workers",
        "3 workers",
    )


def test_the_history_says_that_there_was_no_barrier():
    change = report.finished(RECORD.model_copy(update={"barrier": "None"}), 4, 7, NOW)
    assert "without a barrier" in change.message


def test_the_history_names_what_was_lost_and_stays_short():
    paths = tuple(f"/{'x' * 100}/{number}" for number in range(9))
    lost = RemovalProof(at=stamp(NOW), complete=False, lost_files=9, lost_bytes=2048, lost_paths=paths)
    change = report.finished(RECORD.model_copy(update={"proof": lost}), 4, 7, NOW)
    assert change.outcome == "Failed"
    assert change.message.startswith(
        "x-worker-3: removed at the deadline, 2.0 KiB of 9 files that are in no UFS are lost: /x"
    )
    assert len(change.message) == 256


def test_a_worker_that_came_back_by_its_deadline_has_failed_to_go():
    assert report.cancelled(RECORD, 4, 7, NOW, failed=False).outcome == "Superseded"
    change = report.cancelled(RECORD, 4, 7, NOW, failed=True)
    assert (change.outcome, report.CAME_BACK in change.message) == ("Failed", True)
