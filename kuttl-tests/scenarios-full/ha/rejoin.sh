# One member's volume is replaced by an empty one, then the leader's is emptied: both join again, the others serve on.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
alluxio ha fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /only-in-alluxio
start_loop ha

lost=$(standby)
echo "1. $(date +%T) $lost loses its claim and its volume"
claim=$(k get pvc "journal-$lost" -o jsonpath='{.metadata.uid}')
before=$(uid "$lost")
k delete pvc "journal-$lost" --wait=false >/dev/null
k delete pod "$lost" --wait=false >/dev/null
within 90 another "$lost" "$before"
waits() { reason QuorumHealthy JournalMissing || reason QuorumHealthy Rejoining; }
within 90 waits
condition ha QuorumHealthy message; echo
[ "$(condition ha MastersServing status)" = True ] || fail "the others don't serve"
back "$lost"
echo "$(date +%T) it is back"
[ "$(k get pvc "journal-$lost" -o jsonpath='{.metadata.uid}')" != "$claim" ] || fail "the claim is still the old one"
k get pvc "journal-$lost" -o jsonpath='{.metadata.labels}' | has alluxio-operator.io/owner || fail "the new claim isn't ours"
[ "$(k get pod "$lost" -o jsonpath='{.metadata.annotations.alluxio-operator\.io/journal-rejoin}')" = "$(uid "$lost")" ] || fail "it joined without a permission"
k exec "$lost" -c master -- sh -c 'ls /journal/raft/*/current/raft-meta'
members

lost=$(leader)
echo "2. $(date +%T) the leader's volume is emptied, $lost"
before=$(uid "$lost")
k exec "$lost" -c master -- sh -c 'rm -rf /journal/raft'
k delete pod "$lost" --wait=false --grace-period=1 >/dev/null
within 90 another "$lost" "$before"
within 120 waits
back "$lost"
echo "$(date +%T) it is back"
members

end_loop
echo "two journals lost: $FILES files, $FAILED failed, longest gap $LONGEST s"
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
k get alx ha -o jsonpath='{.status.journal}' | has rejoin && fail "the intent is still on record"
exit 0
