"""Names the kinds of Alluxio's journal entries, by the field numbers of `proto/journal/*.proto` of 2.9.4."""

from __future__ import annotations

from typing import Final

from alluxio_operator.backup_file import wire

ADD_MOUNT_POINT: Final = 2
BLOCK_CONTAINER_ID_GENERATOR: Final = 3
BLOCK_INFO: Final = 4
INODE_DIRECTORY: Final = 9
INODE_FILE: Final = 11
UPDATE_UFS_MODE: Final = 30
PATH_PROPERTIES: Final = 40
CLUSTER_INFO: Final = 42
ATTACH_DB: Final = 44
BATCH: Final = 39
LOAD_JOB: Final = 53
COPY_JOB: Final = 54

ENVELOPE: Final = frozenset({1, 52})
"""Sequence number and operation id: fields that every kind may have."""

KINDS: Final = {
    2: "add_mount_point",
    3: "block_container_id_generator",
    4: "block_info",
    5: "complete_file",
    6: "delete_file",
    8: "delete_mount_point",
    9: "inode_directory",
    10: "inode_directory_id_generator",
    11: "inode_file",
    12: "inode_last_modification_time",
    15: "persist_directory",
    16: "async_persist_request",
    19: "rename",
    27: "set_attribute",
    29: "delete_block",
    30: "update_ufs_mode",
    31: "set_acl",
    32: "add_sync_point",
    33: "remove_sync_point",
    34: "active_sync_tx_id",
    35: "update_inode",
    36: "update_inode_directory",
    37: "update_inode_file",
    38: "new_block",
    39: "journal_entries",
    40: "path_properties",
    41: "remove_path_properties",
    42: "cluster_info",
    43: "add_table",
    44: "attach_db",
    45: "detach_db",
    46: "add_transform_job_info",
    47: "remove_transform_job_info",
    48: "complete_transform_table",
    49: "update_database_info",
    50: "remove_table",
    51: "add_table_partitions",
    53: "load_job",
    54: "copy_job",
}

EMPTY: Final = "empty"
"""Name of an entry of no kind, which has at most a sequence number."""

UNKNOWN: Final = "unknown_"
"""Prefix of the name of a kind that 2.9.4 doesn't have."""

UNRESTORABLE: Final = ("journal_entries", EMPTY)
"""Kinds that 2.9.4 has and can't restore."""

BLOCK_ID_SEQUENCE_BITS: Final = 24
"""Bits of a block's id, and of a file's, behind the number of its container (`BlockId` of 2.9.4)."""


def name(number: int) -> str:
    """Return the name of a kind; `unknown_N` for one that 2.9.4 doesn't have."""
    if number == 0:
        return EMPTY
    return KINDS.get(number, f"{UNKNOWN}{number}")


def kind_of(message: bytes) -> tuple[int, int, int]:
    """Return an entry's kind, and start and end of its value; (0, 0, 0) for an entry of no kind.

    An entry has one kind. If it has several fields, the first known one decides. Alluxio counts a batch
    (`journal_entries`) as one entry, never writes one into a backup, and can't restore one.
    """
    if (only := wire.only_field(message)) and only[0] not in ENVELOPE:
        return *only, len(message)
    found = (0, 0, 0)
    for number, kind, _, value_at, end in wire.fields(message):
        if number in ENVELOPE:
            continue
        if number in KINDS and kind != wire.BYTES:
            raise wire.MalformedError(f"{KINDS[number]} has the wire type {kind}")
        if found[0] == 0 or (found[0] not in KINDS and number in KINDS):
            found = (number, value_at, end)
    return found
