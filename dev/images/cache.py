"""Where archives are kept, and the index that tells which of them is current."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.images.errors import ImageError


@dataclass(frozen=True)
class Entry:
    """What the index says about one image: its archive, its id and the hash of what it was made from."""

    archive: str
    id: str
    key: str


@dataclass(frozen=True)
class Cache:
    """The image directory of the cache that all work trees on a machine share."""

    root: Path

    @property
    def index(self) -> Path:
        """Names, archives, ids and keys of all images: what the cluster reads."""
        return self.root / "index.json"

    @property
    def storage(self) -> Path:
        """Layers of buildah, so that an unchanged step isn't run again."""
        return self.root / "storage"

    @property
    def work(self) -> Path:
        """Build contexts and half-written archives: never of use to the next run."""
        return self.root / "work"

    @property
    def downloads(self) -> Path:
        """What a build fetched from a package registry, one directory per set of versions."""
        return self.root / "downloads"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one build at a time in; another one waits and then finds the images made."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"images: another build holds {lock.name}; waiting for it", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def fetched(self, name: str, key: str, fetch: Callable[[Path], None]) -> Path:
        """Return the folder of what was fetched under a name for this key; `fetch` fills it when it isn't there.

        What was fetched for earlier keys goes. A second caller waits for the first and then finds everything there.
        """
        done = self.downloads / f"{name}-{key[:12]}"
        self.downloads.mkdir(parents=True, exist_ok=True)
        with (self.downloads / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.is_dir():
                partial = done.with_name(f"{done.name}.partial")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                fetch(partial)
                for old in self.downloads.glob(f"{name}-*"):
                    if old != partial:
                        shutil.rmtree(old)
                partial.rename(done)
        return done

    def read(self) -> dict[str, Entry]:
        """Entries whose archive is really there."""
        try:
            raw = json.loads(self.index.read_text())
        except FileNotFoundError:
            return {}
        except json.JSONDecodeError as error:
            raise ImageError(f"{self.index} is broken ({error}); remove it, the images are then built again") from error
        entries = {name: Entry(**fields) for name, fields in raw.items()}
        return {name: entry for name, entry in entries.items() if (self.root / entry.archive).is_file()}

    def record(self, name: str, entry: Entry) -> None:
        """Make an archive the current one of its name, and remove the one before it."""
        entries = self.read()
        previous = entries.get(name)
        entries[name] = entry
        write_atomically(
            self.index, json.dumps({key: asdict(entries[key]) for key in sorted(entries)}, indent=2) + "\n"
        )
        if previous and previous.archive != entry.archive:
            (self.root / previous.archive).unlink(missing_ok=True)

    def empty_work(self, name: str) -> Path:
        """A fresh directory for one build."""
        directory = self.work / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return directory


def write_atomically(path: Path, text: str) -> None:
    """Write so that a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)
