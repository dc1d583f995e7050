"""Leaves secrets and jobs out of journal entries, raises container ids, and makes mounts read-only; pure.

A mount's options stay only if their names are known to hold no secret. Options are free text that Alluxio hands to the
UFS's library, and no list of secret names can be complete. A missing option shows as soon as the mount is read; a
secret in an exported file shows when it is abused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from alluxio_operator.backup_file import entry, wire
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.transport.sensitive import is_sensitive

ID_MARGIN: Final = 2**30
"""Container ids that a clean file skips.

Alluxio gives each file a container id for its blocks. A restored master would reuse the ids that the lost one gave
after the backup, and a worker that still holds such a block would serve its old bytes for the new file. So this is the
number of files that may have been created since the backup: a billion, or 12 days at 1,000 files per second. Ids have
40 bits, so a cluster can be restored from clean files 1,000 times.
"""
LAST_CONTAINER: Final = 2**40 - 1

DROPPED: Final = frozenset({entry.LOAD_JOB, entry.COPY_JOB})
"""Jobs that the scheduler would start again after a restore."""

KNOWN_OPTIONS: Final = frozenset(
    {
        "fs.azure.account.oauth2.client.endpoint",
        "fs.azure.account.oauth2.msi.endpoint",
        "fs.azure.account.oauth2.msi.tenant",
        "fs.cos.app.id",
        "fs.cos.connection.max",
        "fs.cos.connection.timeout",
        "fs.cos.region",
        "fs.cos.socket.timeout",
        "fs.gcs.credential.path",
        "fs.obs.bucketType",
        "fs.obs.endpoint",
        "fs.oss.endpoint",
        "fs.swift.auth.method",
        "fs.swift.auth.url",
        "fs.swift.region",
        "fs.swift.simulation",
    }
)
"""Options of 2.9.4's `PropertyKey` outside KNOWN_PREFIX that hold no secret."""
KNOWN_PREFIX: Final = "alluxio.underfs."
FREE_TEXT: Final = re.compile(r"alluxio\.underfs\.(cephfs\.(auth\.|conf\.options)|web\.)")
"""Options with the prefix that are keys, or whose values may hold anything."""

READ_ONLY: Final = 3
"""Number of the field `readOnly` of a mount's entry."""

URI_SECRET: Final = "(password in a URI)"  # noqa: S105 (a name in the result)

Note = Callable[[str], None]
"""Takes the name of something that was left out."""


def keeps(name: str, value: str) -> bool:
    """Return True if a mount option is known to hold no secret."""
    by_prefix = name.startswith(KNOWN_PREFIX) and not FREE_TEXT.match(name) and not is_sensitive(name)
    return (name in KNOWN_OPTIONS or by_prefix) and not ("://" in value and "@" in value)


def clean_entry(message: bytes, note: Note, margin: int) -> bytes | None:
    """Return an entry without secrets and jobs, the same object if it has none; None if nothing of it is left.

    `margin` is added to the generator of container ids. MalformedError if the bytes are no entry.
    """
    if (only := wire.only_field(message)) and _is_harmless(only[0], message):
        return message
    kept: list[bytes] = []
    changed = has_kind = False
    for number, kind, tag_at, value_at, end in wire.fields(message):
        raw = message[tag_at:end]
        if number in DROPPED:
            changed = True
            continue
        if kind == wire.BYTES and (rewrite := _REWRITES.get(number)):
            value = message[value_at:end]
            new = rewrite(value, note, margin)
            if new is None:
                changed = True
                continue
            if new != value:
                changed, raw = True, wire.bytes_field(number, new)
        has_kind = has_kind or number not in entry.ENVELOPE
        kept.append(raw)
    if not changed:
        return message
    return b"".join(kept) if has_kind else None


def trial_entry(message: bytes) -> bytes:
    """Return an entry whose mounts are read-only, without credentials; the same object if it has no mount.

    MalformedError if the bytes are no entry.
    """
    if (only := wire.only_field(message)) and only[0] not in (entry.ADD_MOUNT_POINT, entry.BATCH):
        return message
    kept: list[bytes] = []
    for number, kind, tag_at, value_at, end in wire.fields(message):
        raw, value = message[tag_at:end], message[value_at:end]
        if number == entry.ADD_MOUNT_POINT and kind == wire.BYTES:
            # Of a field that is there twice, the last one counts.
            raw = wire.bytes_field(number, _mount(value, _ignore, 0) + wire.varint_field(READ_ONLY, 1))
        elif number == entry.BATCH and kind == wire.BYTES:
            raw = wire.bytes_field(number, trial_entry(value))
        kept.append(raw)
    return b"".join(kept)


def renumbered_entry(message: bytes, container: int) -> bytes:
    """Return an entry whose generator of container ids has another number; the same object if it has none.

    MalformedError if the bytes are no entry.
    """
    if (only := wire.only_field(message)) and only[0] not in (entry.BLOCK_CONTAINER_ID_GENERATOR, entry.BATCH):
        return message
    kept: list[bytes] = []
    for number, kind, tag_at, value_at, end in wire.fields(message):
        raw, value = message[tag_at:end], message[value_at:end]
        if number == entry.BLOCK_CONTAINER_ID_GENERATOR and kind == wire.BYTES:
            raw = wire.bytes_field(number, _with_container(value, container))
        elif number == entry.BATCH and kind == wire.BYTES:
            raw = wire.bytes_field(number, renumbered_entry(value, container))
        kept.append(raw)
    return b"".join(kept)


def _ignore(_name: str) -> None:
    """Take no note: the clean form of the file has the names."""


def _is_harmless(number: int, message: bytes) -> bool:
    if number == entry.INODE_FILE:
        return not _may_have_uri(message)
    return number not in DROPPED and number not in _REWRITES


def _may_have_uri(value: bytes) -> bool:
    return b"://" in value and b"@" in value


def _generator(value: bytes, _note: Note, margin: int) -> bytes:
    following = wire.value_of(value, 1)
    if not margin:
        return value
    if following + margin > LAST_CONTAINER:
        raise BackupFileError(
            Reason.IDS_EXHAUSTED,
            f"the next container id {following} can't be raised by {margin}: ids have 40 bits",
            remedy="restore the file as it is, into a cluster whose workers are empty",
        )
    return _with_container(value, following + margin)


def _with_container(value: bytes, container: int) -> bytes:
    others = [value[tag_at:end] for number, _, tag_at, _, end in wire.fields(value) if number != 1]
    return b"".join([wire.varint_field(1, container), *others])


def _batch(value: bytes, note: Note, margin: int) -> bytes | None:
    return clean_entry(value, note, margin)


def _mount(value: bytes, note: Note, _margin: int) -> bytes:
    return _fields(value, note, uris=frozenset({2}), pairs=4, keeps=keeps)


def _file(value: bytes, note: Note, _margin: int) -> bytes:
    # The path to which Alluxio persists the file. Few files have one, and all files pass here.
    return _fields(value, note, uris=frozenset({23})) if _may_have_uri(value) else value


def _ufs_mode(value: bytes, note: Note, _margin: int) -> bytes:
    return _fields(value, note, uris=frozenset({1}))


def _path_properties(value: bytes, note: Note, _margin: int) -> bytes:
    # Alluxio accepts only its clients' properties here, whose names tell.
    return _fields(value, note, pairs=2, keeps=lambda name, text: not is_sensitive(name) and "@" not in text)


def _database(value: bytes, note: Note, _margin: int) -> bytes:
    return _fields(value, note, uris=frozenset({2}), pairs=5, keeps=keeps)


_REWRITES: Final[dict[int, Callable[[bytes, Note, int], bytes | None]]] = {
    entry.ADD_MOUNT_POINT: _mount,
    entry.BLOCK_CONTAINER_ID_GENERATOR: _generator,
    entry.INODE_FILE: _file,
    entry.UPDATE_UFS_MODE: _ufs_mode,
    entry.BATCH: _batch,
    entry.PATH_PROPERTIES: _path_properties,
    entry.ATTACH_DB: _database,
}


def _fields(
    message: bytes,
    note: Note,
    *,
    uris: frozenset[int] = frozenset(),
    pairs: int = 0,
    keeps: Callable[[str, str], bool] = keeps,
) -> bytes:
    """Return a message without the pairs of name and value that `keeps` rejects, and without passwords in its URIs."""
    kept: list[bytes] = []
    for number, kind, tag_at, value_at, end in wire.fields(message):
        raw, value = message[tag_at:end], message[value_at:end]
        if number == pairs and kind == wire.BYTES:
            name, text = (_text(wire.bytes_of(value, one)) for one in (1, 2))
            if not keeps(name, text):
                note(name)
                continue
        elif number in uris and kind == wire.BYTES:
            without = _without_password(value)
            if without != value:
                note(URI_SECRET)
                raw = wire.bytes_field(number, without)
        kept.append(raw)
    return b"".join(kept)


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _without_password(uri: bytes) -> bytes:
    """Return a URI without a user that has a password: s3://bucket for s3://key:secret@bucket."""
    scheme, separator, rest = uri.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    user, at, host = authority.rpartition(b"@")
    if not at or b":" not in user:
        return uri
    return scheme + separator + host + slash + path
