"""What a file is judged to be."""

import pytest

from alluxio_operator.read_back.compare import (
    Direct,
    Through,
    Verdict,
    content_hash,
    has_changed,
    local_mark,
    same_mark,
    suspicion,
)
from alluxio_operator.read_back.sample import Record

PRINT = "TYPE|FILE UFS|local OWNER|alluxio GROUP|alluxio MODE|420 CONTENT_HASH|(len:5,_modtime:1700000000123) "
FILE = Record("/a", 1, 5, fingerprint=PRINT)
SAME = Direct(5, local_mark(5, 1700000000123), "d1")
NOT_FOUND = Through(error="NOT_FOUND", absent=True)
BROKEN = Through(error="INTERNAL: no")


def test_the_content_hash_of_a_fingerprint():
    assert content_hash(PRINT) == "(len:5,_modtime:1700000000123)"
    assert content_hash("TYPE|FILE UFS|s3 OWNER|_ GROUP|_ MODE|448 CONTENT_HASH|0cc175b9c0f1b6a831c399e269772661 ") == (
        "0cc175b9c0f1b6a831c399e269772661"
    )
    for none in ("", "_", "TYPE|FILE UFS|s3 CONTENT_HASH|_ ", "TYPE|DIRECTORY UFS|s3 "):
        assert content_hash(none) == ""


@pytest.mark.parametrize(
    ("recorded", "found", "same"),
    [
        (local_mark(5, 1700000000123), local_mark(5, 1700000000123), True),
        (local_mark(5, 1700000000123), local_mark(5, 1700000000124), False),
        (local_mark(5, 1700000000123), local_mark(6, 1700000000123), False),
        # Java 8 knows whole seconds only.
        (local_mark(5, 1700000000000), local_mark(5, 1700000000123), True),
        (local_mark(5, 1700000000000), local_mark(5, 1700000001123), False),
        ("abc", '"abc"', True),
        ("abc", '"abd"', False),
        ("", '"abd"', True),
        ("abc", "", True),
    ],
)
def test_marks_of_a_version(recorded, found, same):
    assert same_mark(recorded, found) is same


@pytest.mark.parametrize(
    ("through", "direct", "verdict"),
    [
        (Through("d1"), SAME, Verdict.MATCHED),
        (Through("d2"), SAME, Verdict.DIFFERENT),
        (Through("d1"), Direct(6, SAME.mark, "d1"), Verdict.DIFFERENT),
        # Overwritten in its place: both ways lead to the same new bytes.
        (Through("d1"), Direct(5, local_mark(5, 1800000000123), "d1"), Verdict.DIFFERENT),
        (NOT_FOUND, None, Verdict.MISSING),
        (BROKEN, None, Verdict.MISSING),
        (Through("d1"), None, Verdict.MISSING),
        (BROKEN, SAME, Verdict.UNREADABLE),
        (NOT_FOUND, SAME, Verdict.UNREADABLE),
    ],
)
def test_a_file_from_three_sides(through, direct, verdict):
    assert suspicion(FILE, through, direct, independent=True) is verdict


@pytest.mark.parametrize(
    ("through", "verdict"),
    [(Through("d1"), Verdict.MATCHED), (NOT_FOUND, Verdict.MISSING), (BROKEN, Verdict.UNREADABLE)],
)
def test_a_storage_that_only_alluxio_reads(through, verdict):
    assert suspicion(FILE, through, None, independent=False) is verdict


@pytest.mark.parametrize(
    ("live", "changed"),
    [
        (None, True),
        (FILE, False),
        (Record("/a", 2, 5, fingerprint=PRINT), True),
        (Record("/a", 1, 6, fingerprint=PRINT), True),
        (Record("/a", 1, 5, fingerprint=PRINT.replace("123", "999")), True),
        (Record("/a", 1, 5, fingerprint=PRINT, mount_id=1, state="PERSISTED"), False),
    ],
)
def test_what_the_live_cluster_knows_excuses_a_change(live, changed):
    assert has_changed(FILE, live) is changed
