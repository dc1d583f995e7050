# 1 -> 3 masters under a client that writes and reads all the time.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ./members.sh
alluxio ha fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /only-in-alluxio
start_loop ha
began=$SECONDS
wish 3
watch_change 480 3 || fail "not three masters"
echo "1 -> 3 in $((SECONDS - began)) s, all pods up to date"
quorum
[ "$(quorum | grep -c AVAILABLE)" = 3 ] || fail "the leader doesn't have three members"
within 180 led || fail "the lead didn't go back to the master that every client knows"
sleep 5
judged "1 -> 3"
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
