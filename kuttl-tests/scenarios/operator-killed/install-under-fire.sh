# Kills the operator again and again while it installs: the end is as if nothing had happened.
. ../../support/lib.sh
operator() { kubectl --namespace alluxio-operator "$@"; }
kill_operator() {
    operator delete pod -l app.kubernetes.io/name=alluxio-operator --grace-period=0 --force 2>/dev/null
    echo "$(date +%T) killed the operator: $1"
}
k apply -f ../../support/cluster.yaml
there() { [ -n "$(k get "$@" -o name 2>/dev/null)" ]; }
within 30 there configmap small-masterconf
kill_operator "after the first ConfigMap"
within 90 there job
kill_operator "while the journal's Job runs"
within 90 there statefulset small-master
kill_operator "after the masters, before the rest"
within 90 there deployment small-logserver
kill_operator "with the workloads applied"
cluster_ready small
initialised=$(k get events --field-selector involvedObject.kind=Job,reason=SuccessfulCreate --no-headers | wc -l)
[ "$initialised" = 1 ] || fail "the journal was initialised by $initialised pods"
k get events --field-selector involvedObject.kind=Job --no-headers
jobs=$(k get jobs -o jsonpath='{range .items[*]}{.status.succeeded} {.spec.ttlSecondsAfterFinished}{"\n"}{end}')
[ "$jobs" = "1 600" ] || fail "the journal's Jobs are not one that succeeded and goes after ten minutes: $jobs"
restarts=$(k get statefulset small-master -o jsonpath='{.metadata.generation}')
[ "$restarts" = 1 ] || fail "the masters were changed $restarts times"
