# 3 -> 1 masters under the same client.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
. ./members.sh
start_loop ha
echo "led by $(leader)"
began=$SECONDS
wish 1
watch_change 480 1 || fail "not one master"
echo "3 -> 1 in $((SECONDS - began)) s, all pods up to date"
quorum
sleep 5
judged "3 -> 1"
for one in 1 2; do
    [ "$(k get pvc "journal-ha-master-$one" -o jsonpath='{.metadata.annotations.alluxio-operator\.io/journal}')" = former ] || fail "PVC $one isn't marked"
done
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
