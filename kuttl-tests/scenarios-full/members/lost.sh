# One of three loses its volume for good: it is replaced and joins again.
. ../../support/lib.sh
. ../../support/client-loop.sh
. ../../support/quorum.sh
. ./members.sh
start_loop ha
lost=$(standby)
claim=$(k get pvc "journal-$lost" -o jsonpath='{.metadata.uid}')
volume=$(k get pvc "journal-$lost" -o jsonpath='{.spec.volumeName}')
began=$SECONDS
echo "$(date +%T) $lost loses PersistentVolume $volume"
k delete pv "$volume" --wait=false >/dev/null
# Kubernetes protects a volume in use: somebody who removes its finalizers gets what a broken storage does.
k patch pv "$volume" --type merge -p '{"metadata":{"finalizers":null}}' >/dev/null
before=$(uid "$lost")
k delete pod "$lost" --wait=false >/dev/null
within 90 another "$lost" "$before"
within 120 reason QuorumHealthy VolumeLost
condition ha QuorumHealthy message; echo
replaced() { [ "$(k get pvc "journal-$lost" -o jsonpath='{.metadata.uid}')" != "$claim" ]; }
within 300 replaced || fail "the PVC was not replaced"
echo "$(date +%T) PVC journal-$lost is another one"
back "$lost"
echo "replaced and joined in $((SECONDS - began)) s"
quorum
judged "a lost volume"
