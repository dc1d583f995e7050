# 3 -> 5 -> 3 masters under a client that writes and reads all the time. Any of them may lead meanwhile.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
. ./members.sh
start_loop ha
echo "led by $(leader)"
for number in 5 3; do
    began=$SECONDS
    wish "$number"
    watch_change 660 "$number" || fail "not $number masters"
    echo "$number masters after $((SECONDS - began)) s, all pods up to date, led by $(leader)"
    [ "$(quorum | grep -c AVAILABLE)" = "$number" ] || fail "the leader doesn't have $number members"
done
sleep 5
judged "3 -> 5 -> 3"
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
