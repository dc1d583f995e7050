. ../../support/lib.sh
created() { k get "$1" -o jsonpath='{.metadata.creationTimestamp}'; }
before() {
    local first second
    first=$(created "$1") second=$(created "$2")
    [[ ! "$first" > "$second" ]] || fail "$1 ($first) came after $2 ($second)"
    echo "$first $1  <=  $second $2"
}
before configmap/small-masterconf persistentvolumeclaim/journal-small-master-0
before persistentvolumeclaim/journal-small-master-0 service/small-master
before service/small-master statefulset/small-master
before statefulset/small-master statefulset/small-worker
before statefulset/small-worker statefulset/small-jobmaster
before statefulset/small-jobmaster deployment/small-logserver
before deployment/small-logserver configmap/small-client
before configmap/small-client service/small-client
# The gates: the masters only after the journal's Job, the client Service only after a master served.
[[ "$(condition small MastersServing lastTransitionTime)" < "$(created service/small-client)" || \
   "$(condition small MastersServing lastTransitionTime)" == "$(created service/small-client)" ]] || fail "published too early"
k get events --field-selector involvedObject.name=small -o custom-columns=TIME:.lastTimestamp,REASON:.reason,MESSAGE:.message
k get events --field-selector involvedObject.name=small,reason=Created --no-headers | has . || fail "no event tells what was created"
# The Job that initialised the journal goes when its time to live ends.
jobs=$(k get jobs -o jsonpath='{range .items[*]}{.status.succeeded} {.spec.ttlSecondsAfterFinished}{"\n"}{end}')
[ "$jobs" = "1 600" ] || fail "the journal's Jobs are not one that succeeded and goes after ten minutes: $jobs"
