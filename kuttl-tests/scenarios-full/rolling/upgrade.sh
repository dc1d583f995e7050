. ../../support/lib.sh
. ../../support/client-loop.sh
. ./rolling.sh
start_loop ha read
led=$(field masters.leader)
echo "$(date +%T) led by $led; to 2.9.4"
k patch alx ha --type merge -p '{"spec":{"version":"2.9.4"}}'
replaced() { [ "$(k get events --field-selector involvedObject.name=ha,reason=Replaced --no-headers | wc -l)" -ge "$1" ]; }
# The AlluxioBackup comes first, and no master is replaced before a master of 2.9.3 has restored it.
requested() { [ -n "$(field upgradeBackup.name)" ] && k get alxb "$(field upgradeBackup.name)"; }
within 30 requested
backup=$(field upgradeBackup.name)
of() { k get alxb "$backup" -o jsonpath="{.status.$1}"; }
verified() { [ "$(of verified)" = true ]; }
until verified; do
    replaced 1 && fail "a master was replaced before the backup was verified"
    [ "$(of phase)" != Failed ] || fail "the backup failed: $(of summary)"
    [ "$SECONDS" -lt 240 ] || { k get alxb "$backup" -o yaml; fail "the backup isn't verified"; }
    sleep 1
done
echo "$(date +%T) $backup: $(of summary)"
k get alxb "$backup" -o jsonpath='{.status.version} {.status.image} {.status.file}{"\n"}'
within 60 replaced 1
kubectl --namespace alluxio-operator delete pod -l app.kubernetes.io/name=alluxio-operator --grace-period=0 --force 2>/dev/null
echo "$(date +%T) the operator was killed while $(field rollout.pods[*].name) was replaced"
within 360 settled "$(generation)" || { k get alx ha -o yaml; k get pods -o wide; fail "it isn't Ready"; }
echo "$(date +%T) Ready"
k get events --field-selector involvedObject.name=ha,reason=Replaced --sort-by=.lastTimestamp -o custom-columns=TIME:.lastTimestamp,MESSAGE:.message
k get pods --sort-by=.metadata.creationTimestamp -o custom-columns=MADE:.metadata.creationTimestamp,NAME:.metadata.name,IMAGE:.spec.containers[0].image
old=$(k get pods --field-selector=status.phase=Running -o jsonpath='{.items[*].spec.containers[*].image}' | tr ' ' '\n' | grep -c 2.9.3 || true)
# The loop's own.
[ "$old" -le 1 ] || fail "$old containers run 2.9.3"
k get alx ha -o jsonpath='{.status.upgradeBackup}{"\n"}'
[ "$(field upgradeBackup.state)" = Completed ] || fail "no backup was made"
[ "$(field upgradeBackup.name)" = "$backup" ] || fail "another backup was taken"
[ "$(of version)" = 2.9.3 ] || fail "the backup is of $(of version)"
of image | has 2.9.3 || fail "$(of image) restored it"
file=$(of file.location); file=/mnt/ufs/${file#*/mnt/ufs/}
k exec ha-master-0 -c master -- test -s "$file" || fail "there is no $file"
[ "$(field masters.version)" = 2.9.4 ] || fail "the leader says that it is $(field masters.version)"
# In the order of their making: standbys, the leader, the job master, workers.
order=$(k get pods -l app.kubernetes.io/name=alluxio --sort-by=.metadata.creationTimestamp -o jsonpath='{range .items[*]}{.metadata.labels.app\.kubernetes\.io/component}{" "}{end}')
[ "$order" = "master master master jobmaster worker worker " ] || fail "the order was: $order"
end_loop
echo "$FILES reads, $FAILED failed, longest gap $LONGEST s"
[ "$FAILED" = 0 ] || fail "$FAILED reads failed"
k get alx ha -o jsonpath='{range .status.history[*]}{.started} {.ended} {.what} by {.by}: {.message}{"\n"}{end}'
