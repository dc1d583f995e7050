"""Which files are read, and how much of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alluxio_operator.read_back.sample import Record, Sample, Share, blocks, divided


def record(path: str, length: int = 10, **over: object) -> Record:
    return Record(path, hash(path), length, **over)  # type: ignore[arg-type]


def filled(size: int, seed: str, records: list[Record]) -> Sample:
    sample = Sample(size, seed)
    for one in records:
        sample.add(one)
    return sample


def chosen(sample: Sample) -> set[str]:
    return {share.record.path for share in sample.shares(10**9)}


MANY = [record(f"/many/{number}") for number in range(1000)]


def test_the_same_files_are_chosen_in_any_order():
    assert chosen(filled(20, "a", MANY)) == chosen(filled(20, "a", MANY[::-1]))
    assert len(chosen(filled(20, "a", MANY))) == 20


def test_another_seed_chooses_other_files():
    assert chosen(filled(20, "a", MANY)) != chosen(filled(20, "b", MANY))


def test_the_sample_is_spread_over_the_namespace():
    folders = [record(f"/{folder}/{number}") for folder in "abcdefgh" for number in range(100)]
    assert {path[1] for path in chosen(filled(100, "a", folders))} == set("abcdefgh")


def test_a_small_namespace_is_read_as_a_whole():
    assert chosen(filled(100, "a", MANY[:7])) == {one.path for one in MANY[:7]}


@pytest.mark.parametrize(
    ("over", "counted"),
    [
        ({"state": "TO_BE_PERSISTED"}, "only_in_alluxio"),
        ({"state": "NOT_PERSISTED"}, "only_in_alluxio"),
        ({"state": "LOST"}, "only_in_alluxio"),
        ({"complete": False}, "only_in_alluxio"),
        ({"mount_id": 77}, "other_mounts"),
    ],
)
def test_a_file_that_can_not_be_read_is_only_counted(over, counted):
    sample = filled(10, "a", [record("/a", **over), record("/b")])
    assert chosen(sample) == {"/b"}
    assert (sample.listed, getattr(sample, counted)) == (2, 1)


def test_the_folder_of_backups_is_no_data():
    sample = filled(10, "a", [record("/.alluxio-backups/small-1/x.gz"), record("/b")])
    assert (sample.listed, chosen(sample)) == (1, {"/b"})


def test_small_files_are_read_whole_and_large_ones_from_their_beginning():
    shares = divided([record("/a", 1), record("/b", 10), record("/c", 1000)], 100)
    assert [share.bytes for share in shares] == [1, 10, 89]
    assert [share.is_whole for share in shares] == [True, True, False]


def test_a_file_of_which_no_byte_can_be_read_is_not_in_the_sample():
    shares = divided([record("/empty", 0), *(record(f"/{number}", 1000) for number in range(5000))], 1024)
    assert shares[0] == Share(record("/empty", 0), 0)
    assert all(share.bytes for share in shares[1:])
    assert len(shares) > 1


def test_files_with_bytes_are_counted():
    sample = filled(1, "a", [record("/a", 0), record("/b"), record("/c"), record("/d", mount_id=7)])
    assert sample.non_empty == 2


@given(st.lists(st.integers(0, 10**6), max_size=40), st.integers(1, 10**7))
def test_no_more_is_read_than_the_budget(lengths, budget):
    shares = divided([record(f"/{number}", length) for number, length in enumerate(sorted(lengths))], budget)
    assert sum(share.bytes for share in shares) <= budget
    assert all(0 <= share.bytes <= share.record.length for share in shares)
    assert all(share.bytes or share.is_whole for share in shares)
    if sum(lengths) <= budget:
        assert all(share.is_whole for share in shares)


def test_blocks_cover_what_is_read():
    one = record("/a", 250, block_size=100, block_ids=(7, 8, 9))
    assert list(blocks(one, 250)) == [(7, 0, 100, 100), (8, 100, 100, 100), (9, 200, 50, 50)]
    assert list(blocks(one, 120)) == [(7, 0, 100, 100), (8, 100, 100, 20)]
    assert list(blocks(one, 0)) == []
    assert Share(one, 250).is_whole
