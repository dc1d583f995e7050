"""The model of Alluxio's workers and blocks: it loses data where Alluxio does, and notices it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from tests.support.block_calls import BlockCalls, Fault
from tests.support.block_mischief import CLIENTS, LEADERS, WORKERS, Mischief, cluster_of
from tests.support.blocks import FORGOTTEN_AFTER, LOST_FILES_EVERY, WORKER_TIMEOUT, Cluster

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import (
    NO_SUCH_WORKER,
    NOT_SUPPORTED,
    Accepted,
    FilesFound,
    Held,
    HeldBlock,
    HeldQuestion,
    Inventory,
    PlacesFound,
    Refused,
    WorkersReport,
    file_of,
)
from alluxio_operator.transport.deadline import Deadline

SOON = Deadline.after(1e9)


@pytest.fixture
def calls() -> BlockCalls:
    return BlockCalls(Cluster("a", "b", "c", capacity=100))


@pytest.fixture
def cluster(calls: BlockCalls) -> Cluster:
    return calls.blocks


def listed(calls: BlockCalls, *victims: str, staying: tuple[str, ...] = ("b", "c")) -> Held | NoAnswer:
    listing = calls.held_listing("m", 1, HeldQuestion(frozenset(victims), frozenset(staying)))
    while (found := listing.step()) is None:
        pass
    return found


def copied(calls: BlockCalls, target: str, block_id: int, source: str = "a", length: int | None = None) -> object:
    size = calls.blocks.lengths[block_id] if length is None else length
    return calls.copy_block((target, 1), block_id, size, (source, 1), wait=True, deadline=SOON)


def decommission(calls: BlockCalls, host: str = "a") -> str | NoAnswer:
    return calls.decommission_worker("m", 1, (host, 30000), SOON)


def state(calls: BlockCalls, host: str = "a") -> str:
    report = calls.workers_report("m", 1, SOON)
    assert isinstance(report, WorkersReport)
    return "".join(one.state for one in report.at(host))


# --- what Alluxio does --------------------------------------------------------------------------------------------


def test_a_stopped_worker_loses_its_blocks_and_a_copy_saves_them(calls: BlockCalls, cluster: Cluster):
    sole, two = cluster.write("/sole", 10, on="a").ids[0], cluster.write("/two", 10, on="a").ids[0]
    assert copied(calls, "b", two) == Accepted()
    cluster.stop("a")
    assert cluster.lost() == [f"block {sole} of /sole has no copy"]


def test_a_block_that_only_a_dead_worker_had_is_excused(calls: BlockCalls, cluster: Cluster):
    sole = cluster.write("/sole", 10, on="a").ids[0]
    two = cluster.write("/two", 10, on="a").ids[0]
    copied(calls, "b", two)
    cluster.crash("a")
    assert (cluster.lost(), list(cluster.excused)) == ([], [sole])
    cluster.advance(60)
    cluster.stop("b")
    assert len(cluster.lost()) == 1, "the other one had a copy when it died"


def test_deleted_and_persisted_files_are_not_lost(cluster: Cluster):
    cluster.write("/deleted", 10, on="a")
    cluster.write("/ufs", 10, on="a", persisted=True)
    cluster.delete("/deleted")
    cluster.stop("a")
    assert cluster.lost() == []


def test_a_lasting_tier_comes_back_with_its_pod(cluster: Cluster):
    cluster.workers["a"].lasting = True
    cluster.write("/f", 10, on="a")
    cluster.stop("a", returns=True)
    assert cluster.lost() == []
    cluster.start("a")
    cluster.advance(1)
    assert cluster.unreadable() == []
    cluster.stop("a")
    assert len(cluster.lost()) == 1


def test_a_copy_that_is_not_waited_for_takes_a_time(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    assert calls.copy_block(("b", 1), one, 10, ("a", 1), wait=False, deadline=SOON) == Accepted()
    assert cluster.locations(one) == ["a"]
    cluster.advance(20)
    assert cluster.locations(one) == ["a", "b"]


def test_a_failed_copy_that_is_not_waited_for_says_nothing(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    assert calls.copy_block(("b", 1), one, 10, ("c", 1), wait=False, deadline=SOON) == Accepted()
    cluster.advance(20)
    assert cluster.locations(one) == ["a"]
    assert isinstance(copied(calls, "b", one, "c"), Refused)


def test_a_copy_that_is_too_short_is_counted_and_wrong(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    assert copied(calls, "b", one, length=9) == Accepted()
    assert cluster.locations(one) == ["a", "b"]
    assert cluster.wrong() == [f"worker b has a wrong copy of block {one}"]
    cluster.stop("a")
    assert len(cluster.lost()) == 1
    assert isinstance(copied(calls, "c", one, "b", length=10), Refused)


def test_a_copy_into_a_full_worker_evicts_the_last_copy_of_another_block(calls: BlockCalls, cluster: Cluster):
    victim = cluster.write("/other", 60, on="b").ids[0]
    cluster.write("/pinned", 15, on="b", pinned=True)
    cluster.write("/min", 15, on="b", replication_min=1)
    one = cluster.write("/f", 50, on="a").ids[0]
    assert copied(calls, "b", one) == Accepted()
    assert cluster.lost() == [f"block {victim} of /other has no copy"]
    two = cluster.write("/g", 80, on="a").ids[0]
    assert copied(calls, "b", two) == Refused("RESOURCE_EXHAUSTED: no space")


def test_eviction_by_a_client_is_no_fault_of_the_operator(cluster: Cluster):
    cluster.write("/f", 60, on="a")
    cluster.write("/g", 60, on="a")
    assert (cluster.lost(), len(cluster.excused)) == ([], 1)


def test_a_decommissioned_worker_serves_hidden(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    late = cluster.begin_block("/f", "a", 5)
    assert (decommission(calls), decommission(calls), state(calls)) == ("", "", "DECOMMISSIONED")
    assert cluster.commit("/f", late, "a")
    assert (cluster.locations(one), cluster.locations(late)) == ([], [])
    assert len(cluster.unreadable()) == 2
    assert calls.has_block("a", 1, late, SOON) is True
    found = listed(calls, "a")
    assert isinstance(found, Held)
    assert [one.block_id for one in found.unlocated_blocks] == [late, one]
    assert copied(calls, "b", late) == Accepted()
    assert cluster.locations(late) == ["b"]
    cluster.advance(LOST_FILES_EVERY)
    assert cluster.files["/f"].is_marked_lost


@pytest.mark.parametrize("way", ["time", "restart", "leader"])
def test_a_decommissioned_worker_comes_back(calls: BlockCalls, cluster: Cluster, way: str):
    decommission(calls)
    cluster.advance(60)
    assert state(calls) == "DECOMMISSIONED"
    if way == "time":
        cluster.advance(FORGOTTEN_AFTER)
    elif way == "restart":
        cluster.crash("a")
        cluster.start("a")
    else:
        cluster.change_leader()
        cluster.advance(10)
    cluster.advance(5)
    assert state(calls) == "LIVE"


def test_a_worker_whose_heartbeats_do_not_come_is_lost_and_can_be_decommissioned(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    cluster.workers["a"].cut_off = True
    cluster.advance(WORKER_TIMEOUT - 1)
    assert (state(calls), cluster.locations(one)) == ("LIVE", ["a"])
    cluster.advance(5)
    assert (state(calls), cluster.locations(one)) == ("LOST", [])
    assert decommission(calls) == ""
    assert state(calls) == "DECOMMISSIONED"


def test_a_new_leader_is_in_safe_mode_and_knows_a_late_worker_only_later(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    cluster.workers["a"].late = cluster.t + 60
    cluster.change_leader(away=5, safe=5)
    assert calls.workers_report("m", 1, SOON) == NoAnswer("it doesn't lead", reached=False)
    cluster.advance(6)
    assert isinstance(listed(calls, "a"), NoAnswer)
    cluster.advance(5)
    assert (state(calls), cluster.locations(one), decommission(calls)) == ("", [], NO_SUCH_WORKER)
    cluster.advance(60)
    assert (state(calls), cluster.locations(one)) == ("LIVE", ["a"])


def test_version_2_9_3_has_no_barrier(calls: BlockCalls):
    calls.has_barrier = False
    assert decommission(calls) == NOT_SUPPORTED


def test_a_worker_of_another_cluster_at_the_same_address_gives_other_bytes(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    cluster.crash("a")
    cluster.replace_by_stranger("a", one)
    assert calls.has_block("a", 1, one, SOON) is True
    assert copied(calls, "b", one) == Accepted()
    assert cluster.wrong() == [f"worker b has a wrong copy of block {one}"]
    two = cluster.write("/g", 5, on="b").ids[0]
    assert copied(calls, "a", two, "b") == Accepted()
    assert cluster.harmed == [two]


def test_a_listing_in_pages_misses_a_file_that_is_renamed_meanwhile(calls: BlockCalls, cluster: Cluster):
    calls.page = 1
    for name in ("a", "b", "z"):
        cluster.write(f"/{name}", 10, on="a")
    listing = calls.held_listing("m", 1, HeldQuestion(frozenset({"a"}), frozenset({"b"})))
    listing.step()
    cluster.rename("/z", "/0")
    assert listing.step() is not None
    found = listed(calls, "a")
    assert isinstance(found, Held)
    assert found.unsafe.blocks == 3


def test_a_listing_ends_without_a_result_when_another_process_leads(calls: BlockCalls, cluster: Cluster):
    calls.page = 1
    for name in "abc":
        cluster.write(f"/{name}", 10, on="a")
    listing = calls.held_listing("m", 1, HeldQuestion(frozenset({"a"}), frozenset({"b"})))
    listing.step()
    cluster.change_leader(safe=0)
    assert isinstance(listing.step(), NoAnswer)


def test_a_copy_whose_commit_does_not_reach_the_leader_is_never_listed(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    cluster.workers["b"].cut_off = True
    assert isinstance(copied(calls, "b", one), Refused)
    cluster.workers["b"].cut_off = False
    cluster.advance(10)
    assert copied(calls, "b", one) == Accepted()
    assert (cluster.locations(one), calls.has_block("b", 1, one, SOON)) == (["a"], True)
    cluster.change_leader(safe=0)
    cluster.advance(2)
    assert cluster.locations(one) == ["a", "b"]


def test_folders_that_the_user_may_not_enter_are_missing(calls: BlockCalls, cluster: Cluster):
    calls.unseen = {"/secret"}
    cluster.write("/secret/f", 10, on="a")
    found = listed(calls, "a")
    assert isinstance(found, Held)
    assert (found.unsafe.blocks, found.listed, found.superuser) == (0, {}, False)
    cluster.advance(1)
    report = calls.workers_report("m", 1, SOON)
    assert isinstance(report, WorkersReport)
    assert report.at("a")[0].used == 10


def test_places_of_blocks(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    cluster.delete("/f")
    two = cluster.write("/g", 10, on="b").ids[0]
    found = calls.block_places("m", 1, [one, two], SOON)
    assert isinstance(found, PlacesFound)
    assert (found.places[one], found.places[two].hosts if found.places[two] else ()) == (None, ("b",))


def test_what_a_hidden_worker_says_of_itself(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    late = cluster.begin_block("/f", "a", 5)
    cluster.write("/deleted", 7, on="a")
    decommission(calls)
    cluster.delete("/deleted")
    assert calls.worker_used("a", 30000, SOON) == 22
    assert calls.inventory("a", 30000, 0, SOON) == Inventory({one: 10}, 2, 2, 1)
    cluster.commit("/f", late, "a")
    assert calls.inventory("a", 30000, 0, SOON) == Inventory({one: 10, late: 5}, 2, 2, 1)
    cluster.change_leader()
    assert calls.inventory("a", 30000, 0, SOON) == Inventory({}, 1, 1, 1), "the leader is in safe mode"


def test_files_by_id_after_a_rename_and_a_deletion(calls: BlockCalls, cluster: Cluster):
    one = cluster.write("/f", 10, on="a").ids[0]
    two = cluster.write("/g", 10, on="a").ids[0]
    cluster.rename("/f", "/h")
    cluster.delete("/g")
    found = calls.files_found("m", 1, [file_of(one), file_of(two)], SOON)
    assert isinstance(found, FilesFound)
    assert found.files == {file_of(one): (HeldBlock(one, 10, "/h", hosts=("a",)),), file_of(two): None}


def test_processes_follow_their_pods(cluster: Cluster):
    cluster.write("/f", 10, on="a")
    cluster.follow({"a": "1", "b": "2", "c": "3"})
    assert (cluster.lost(), cluster.workers["a"].incarnation) == ([], 1)
    cluster.follow({"a": "4", "b": "2", "d": "5"})
    assert len(cluster.lost()) == 1
    assert [host for host, one in cluster.workers.items() if one.alive] == ["a", "b", "d"]


def test_the_job_service_evicts_too_many_copies_and_replicates_too_few(calls: BlockCalls, cluster: Cluster):
    cluster.job_service = True
    one = cluster.write("/max", 10, on="a", replication_max=1).ids[0]
    two = cluster.write("/min", 10, on="a", replication_min=2).ids[0]
    copied(calls, "b", one)
    cluster.advance(61)
    assert (len(cluster.locations(one)), len(cluster.locations(two))) == (1, 2)
    cluster.write("/large", 90, on="b", pinned=True)
    cluster.write("/large-too", 90, on="c", pinned=True)
    cluster.write("/trap", 50, on="a", replication_min=2)
    cluster.advance(61)
    assert cluster.trapped[-1] == "/trap"


# --- a removal, as plain as it can be -----------------------------------------------------------------------------


@dataclass
class Removal:
    """Removes a worker as the operator should. Without one of its cares it loses data, which the model notices."""

    calls: BlockCalls
    victim: str
    copies: bool = True
    barrier: bool = True
    asks: bool = True
    ids: bool = True
    tried: dict[int, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def run(self, looks: int = 400) -> bool:
        """Return True if the worker was removed within a number of looks."""
        cluster = self.calls.blocks
        quiet, left, leader = 0, 0.0, ""
        for _ in range(looks):
            cluster.advance(5.0)
            # Before the listing: a writer that ends after it has been seen.
            written = self.barrier and cluster.t - left < 300 and self._is_written()
            report = self.calls.workers_report("m", 1, SOON)
            found = self._list(report)
            if isinstance(report, NoAnswer) or found is None or report.leader != found.leader:
                quiet = 0
                continue
            states = [one.state for one in report.at(self.victim)]
            if states not in (["LIVE"], ["DECOMMISSIONED"]):
                quiet = 0
                continue
            hidden = states == ["DECOMMISSIONED"]
            unsafe = self._copy(found, report, hidden=hidden)
            quiet = 0 if unsafe or (hidden and written) else quiet + 1
            if self.barrier and not hidden and quiet:
                self.calls.decommission_worker("m", 1, (self.victim, 30000), SOON)
                quiet, left, leader = 0, cluster.t, report.leader
            if quiet >= 2 and (not self.barrier or (leader == report.leader and cluster.t - left > 150)):
                if not self.barrier:
                    self.calls.before("stop")
                self.calls.before = lambda _: ""
                cluster.stop(self.victim)
                return True
        return False

    def _list(self, report: WorkersReport | NoAnswer) -> Held | None:
        if isinstance(report, NoAnswer):
            return None
        staying = tuple(one.host for one in self._staying(report))
        found = listed(self.calls, self.victim, staying=staying)
        return found if isinstance(found, Held) else None

    def _staying(self, report: WorkersReport) -> list[object]:
        return [
            one for one in report.workers if one.state == "LIVE" and one.silent_seconds < 6 and one.host != self.victim
        ]

    def _copy(self, found: Held, report: WorkersReport, *, hidden: bool) -> int:
        """Ask for copies of what is unsafe; return how many blocks are."""
        if not self.copies:
            return 0
        wanted = {one.block_id: one.length for one in found.candidates}
        self.seen |= set(found.kept_ids)
        for one in found.unlocated_blocks if hidden and self.asks else ():
            said = self.calls.has_block(self.victim, 1, one.block_id, SOON)
            if said is not False:
                wanted[one.block_id] = one.length
        if self.ids:
            places = self.calls.block_places("m", 1, sorted(self.seen), SOON)
            if isinstance(places, NoAnswer):
                return 1
            staying = {one.host for one in self._staying(report)}  # type: ignore[attr-defined]
            for block_id, place in places.places.items():
                if place is not None and not staying & set(place.hosts) and not self._is_gone(block_id, hidden=hidden):
                    wanted[block_id] = place.length
        targets = sorted(self._staying(report), key=lambda one: one.used)  # type: ignore[attr-defined]
        for block_id, length in wanted.items():
            turn = self.tried[block_id] = self.tried.get(block_id, -1) + 1
            if targets:
                target = targets[turn % len(targets)].host  # type: ignore[attr-defined]
                self.calls.copy_block((target, 1), block_id, length, (self.victim, 1), wait=False, deadline=SOON)
        return len(wanted)

    def _is_written(self) -> bool:
        """Whether the victim has blocks that are being written."""
        used = self.calls.worker_used(self.victim, 30000, SOON)
        worker = self.calls.blocks.workers[self.victim]
        return isinstance(used, NoAnswer) or used > sum(one.length for one in worker.blocks.values())

    def _is_gone(self, block_id: int, *, hidden: bool) -> bool:
        return hidden and self.calls.has_block(self.victim, 1, block_id, SOON) is False


def world(seed: int, acts: tuple[str, ...], page: int = 1000) -> tuple[BlockCalls, Mischief]:
    cluster, calls = cluster_of(seed)
    calls.page = page
    mischief = Mischief(calls, seed, acts)
    mischief.fill(20)
    cluster.advance(2)
    return calls, mischief


@pytest.mark.parametrize("seed", range(12))
def test_a_careful_removal_loses_nothing_whatever_clients_and_leaders_do(seed: int):
    calls, mischief = world(seed, (*CLIENTS, *LEADERS))
    removed = Removal(calls, "w-3").run()
    assert calls.blocks.lost() + calls.blocks.wrong() == [], mischief.done[-20:]
    assert removed
    assert len(mischief.done) > 20


@pytest.mark.parametrize("seed", range(12))
def test_a_careful_removal_loses_nothing_that_it_could_save_when_workers_die(seed: int):
    calls, mischief = world(seed, (*CLIENTS, *LEADERS, *WORKERS))
    Removal(calls, "w-3").run()
    assert calls.blocks.lost() + calls.blocks.wrong() == [], mischief.done[-20:]


@pytest.mark.parametrize("without", ["copies", "barrier", "asks"])
def test_a_removal_without_one_of_its_cares_loses_data(without: str):
    lost = 0
    for seed in range(8):
        calls, mischief = world(seed, CLIENTS)
        if without == "barrier":
            mischief.acts, mischief.often = ["begin", "delete", "end", "write"], 0.5
        Removal(calls, "w-3", **{without: False, "ids": False}).run()
        lost += bool(calls.blocks.lost())
    assert lost


def test_a_file_that_is_renamed_to_and_fro_is_in_no_listing_but_in_the_inventory(calls: BlockCalls, cluster: Cluster):
    calls.page = 1
    one = cluster.write("/z", 10, on="a").ids[0]
    cluster.write("/m", 10, on="b")
    cluster.write("/n", 10, on="b")
    turn = iter(range(100))

    def rename(_: str) -> Fault:
        here, there = ("/z", "/a") if next(turn) % 2 else ("/a", "/z")
        if here in cluster.files:
            cluster.rename(here, there)
        return ""

    calls.before = rename
    for _ in range(3):
        found = listed(calls, "a")
        assert isinstance(found, Held)
        assert (found.unsafe.blocks, found.entries) == (0, 2)
    calls.before = lambda _: ""
    assert calls.inventory("a", 30000, 0, SOON) == Inventory({one: 10}, 1, 1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_does_the_same_each_time(seed: int):
    done = []
    for _ in range(2):
        calls, mischief = world(seed, (*CLIENTS, *LEADERS, *WORKERS))
        Removal(calls, "w-3").run(50)
        done.append((mischief.done, calls.copies))
    assert done[0] == done[1]
