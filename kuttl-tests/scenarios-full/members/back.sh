# 3 -> 1, and a growth that is taken back: the leader is lost when two are members, so that the second one may lead.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
. ./members.sh
wish 1
watch_change 480 1 || fail "not one master"
start_loop ha
wish 3
within 300 pair || fail "no second member"
lose_leader
wish 1
watch_change 600 1 || fail "the growth wasn't taken back"
quorum
[ "$(quorum | grep -c AVAILABLE)" = 1 ] || fail "the leader has other members"
sleep 5
counted "1 -> 3 -> 1 with a lost leader"
alluxio ha fs ls / | has /after-the-first-three || fail "the name space is not the one from before"
