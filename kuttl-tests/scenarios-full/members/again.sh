# 1 -> 3 again: the PVCs of the former masters have journals, and none of them may come back.
. ../../support/lib.sh
. ./members.sh
alluxio ha fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /after-the-first-three
wish 3
watch_change 480 3 || fail "not three masters"
quorum
for one in 1 2; do
    k exec "ha-master-$one" -c master -- ls /journal | has raft-before- || fail "the former journal of $one wasn't moved away"
done
alluxio ha fs ls / | has /after-the-first-three || fail "the name space is an older one"
