"""How much the workers that stay can take, and which of them takes which block; pure.

Only free bytes count: a full worker would evict other data for a copy, maybe the last copy of a file that is in no UFS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alluxio_operator.alluxio.removal import HeldBlock
from alluxio_operator.kinds.cluster.removal.effects import BlockCopy
from alluxio_operator.kinds.cluster.removal.reading import Copies
from alluxio_operator.kinds.cluster.removal.victims import Staying

RESERVE: Final = 20
"""One of so many bytes of a worker's capacity stays free."""
BLOCKS_FREE: Final = 2
"""Blocks that also stay free, for clients that write meanwhile."""
PER_WORKER: Final = 64
"""Copies that one worker makes at the same time."""
AT_ONCE: Final = 256
"""Copies of one removal at the same time."""
AGAIN_MS: Final = 120_000
"""Time after which a worker is tried again for the same block."""


@dataclass(frozen=True, slots=True)
class Room:
    """Free bytes of the workers that stay, by host and tier, after reserves and what is in flight.

    Each tier is one folder (`objects.tiers`), and a block has to fit into one folder.
    """

    free: Mapping[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        """Free bytes of all."""
        return sum(sum(tiers) for tiers in self.free.values())

    @property
    def largest(self) -> int:
        """Bytes of the largest block that fits."""
        return max((max(tiers, default=0) for tiers in self.free.values()), default=0)


def room_of(targets: Iterable[Staying], blocks: Iterable[HeldBlock], copies: Copies, tier_reserve: int) -> Room:
    """Return the room for some blocks. A tier counts only above its reserve: a worker evicts rather than refuses."""
    largest = max((one.length for one in blocks), default=0)
    free: dict[str, tuple[int, ...]] = {}
    for one in targets:
        use = one.use
        tiers = tuple(use.free.values()) or (use.capacity - use.used,)
        kept = use.capacity // RESERVE // len(tiers) + BLOCKS_FREE * largest
        kept += tier_reserve if len(tiers) > 1 else 0
        # Nothing tells which tier a copy in flight takes: it counts in each.
        kept += copies.bytes_in_flight.get(use.host, 0)
        free[use.host] = tuple(max(0, tier - kept) for tier in tiers)
    return Room(free)


def bytes_needed(blocks: Iterable[HeldBlock], hosts: frozenset[str]) -> int:
    """Return the bytes of the copies that blocks lack on hosts that stay; 0 without such hosts for a full copy."""
    return sum(one.length * _missing(one, hosts) for one in blocks)


def _missing(block: HeldBlock, hosts: frozenset[str]) -> int:
    return max(0, block.copies_wanted(len(hosts)) - block.copies_on(hosts))


def next_copies(
    blocks: Sequence[HeldBlock],
    source: tuple[str, int],
    targets: Sequence[Staying],
    copies: Copies,
    room: Room,
    times_ms: tuple[int, int],
) -> tuple[BlockCopy, ...]:
    """Return the copies to begin now, in the order of the blocks; `times_ms`: start of the listing, and now.

    A block whose copy was accepted after the listing began waits for the next listing, which shows what became of it.
    """
    listed_ms, now_ms = times_ms
    # One folder has to take all that is begun at once.
    free = {host: max(tiers, default=0) for host, tiers in room.free.items()}
    load = dict.fromkeys(free, 0)
    for host in copies.in_flight.values():
        load[host] = load.get(host, 0) + 1
    known = {one.use.host: one for one in targets}
    begun: list[BlockCopy] = []
    for block in blocks:
        if len(begun) + len(copies.in_flight) >= AT_ONCE:
            break
        if block.block_id in copies.in_flight or copies.accepted.get(block.block_id, -1) >= listed_ms:
            continue
        tried = copies.tried.get(block.block_id, {})
        usable = [
            host
            for host in free
            if host not in block.hosts
            and free[host] >= block.length
            and load[host] < PER_WORKER
            and now_ms - tried.get(host, -AGAIN_MS) >= AGAIN_MS
        ]
        if not usable:
            continue
        host = max(usable, key=lambda one: (free[one], one))
        free[host] -= block.length
        load[host] += 1
        target = known[host]
        begun.append(BlockCopy(block.block_id, block.length, source, (target.pod.ip, target.use.rpc_port), host))
    return tuple(begun)
