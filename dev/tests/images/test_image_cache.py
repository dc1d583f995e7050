import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.images.cache import Cache, Entry
from dev.images.errors import ImageError


def archive(cache: Cache, name: str) -> Entry:
    cache.root.mkdir(parents=True, exist_ok=True)
    (cache.root / name).write_text("tar")
    return Entry(archive=name, id="sha256:1", key="k")


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "images")
    entry = archive(cache, "a.tar")
    cache.record("name:1", entry)
    assert cache.read() == {"name:1": entry}
    assert json.loads(cache.index.read_text()) == {"name:1": {"archive": "a.tar", "id": "sha256:1", "key": "k"}}


def test_an_entry_without_its_archive_does_not_count(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.record("name:1", archive(cache, "a.tar"))
    (tmp_path / "a.tar").unlink()
    assert cache.read() == {}


def test_the_archive_before_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.record("name:1", archive(cache, "old.tar"))
    cache.record("name:1", archive(cache, "new.tar"))
    assert sorted(path.name for path in tmp_path.glob("*.tar")) == ["new.tar"]


def test_a_broken_index_is_told_with_the_remedy(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.index.write_text("{")
    with pytest.raises(ImageError, match="remove it"):
        cache.read()


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert Cache(tmp_path / "images").read() == {}


def test_the_lock_makes_the_directory(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "images")
    with cache.locked():
        assert cache.root.is_dir()


def test_what_is_fetched_is_kept_for_its_key_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    fetched: list[Path] = []

    def fetch(folder: Path) -> None:
        (folder / "jar").write_text("content")
        fetched.append(folder)

    first = cache.fetched("presto", "1" * 64, fetch)
    assert cache.fetched("presto", "1" * 64, fetch) == first
    assert len(fetched) == 1
    second = cache.fetched("presto", "2" * 64, fetch)
    assert (second / "jar").read_text() == "content"
    assert not first.exists()


def test_a_broken_fetch_is_begun_again_from_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise ImageError("no network")

    with pytest.raises(ImageError):
        cache.fetched("presto", "1" * 64, broken)
    folder = cache.fetched("presto", "1" * 64, lambda folder: (folder / "jar").touch())
    assert [path.name for path in folder.iterdir()] == ["jar"]


def test_a_second_fetch_waits_for_the_first(tmp_path: Path) -> None:
    cache, order = Cache(tmp_path), []

    def slow(folder: Path) -> None:
        order.append("begun")
        time.sleep(0.3)
        order.append("done")

    with ThreadPoolExecutor() as pool:
        both = [pool.submit(cache.fetched, "presto", "1" * 64, slow) for _ in range(2)]
        assert both[0].result() == both[1].result()
    assert order == ["begun", "done"]
