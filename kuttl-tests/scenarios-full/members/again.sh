# 1 -> 3 again: the PVCs of the former masters have journals, and none of them may come back. The leader is lost in the midst of it,
# when two are members: either of them may lead then.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
. ./members.sh
alluxio ha fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /after-the-first-three
scaled_by_hand
start_loop ha
wish 3
within 300 pair || fail "no second member"
lose_leader
watch_change 600 3 || fail "not three masters"
quorum
for one in 1 2; do
    k exec "ha-master-$one" -c master -- ls /journal | has raft-before- || fail "the former journal of $one wasn't moved away"
done
for folder in /after-the-first-three /only-in-alluxio; do
    alluxio ha fs ls / | has "$folder" || fail "the name space is an older one"
done
within 300 led || fail "the lead didn't go back to the master that every client knows"
counted "1 -> 3 with a lost leader"
