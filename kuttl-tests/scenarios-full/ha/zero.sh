# 3 -> 0 -> 3: pods go, journals and files stay; no other number comes back while the masters are stopped.
. ../../support/lib.sh
. ../../support/quorum.sh
wish() { k patch alx ha --type merge -p "{\"spec\":{\"masters\":{\"replicas\":$1}}}"; }
claims() { k get pvc -l app.kubernetes.io/component=master -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.uid} {end}'; }
generation() { k get statefulset ha-worker -o jsonpath='{.metadata.generation}'; }
refused() {
    local said
    said=$(wish "$1" 2>&1) && fail "$1 masters were taken"
    echo "$said"
    grep -q "$2" <<<"$said" || fail "refused in other words"
}
before=$(claims) workers=$(generation)

wish 0
within 120 phase Stopped
[ -z "$(k get pods -l app.kubernetes.io/component=master -o name)" ] || fail "a master is still there"
[ "$(claims)" = "$before" ] || fail "the claims are not those from before"
[ "$(condition ha Degraded status)" = False ] || fail "what is wished is no degradation"
refused 5 "the number of masters that the journal has"
wish 3
within 240 whole
[ "$(claims)" = "$before" ] || fail "the claims are not those from before"
[ "$(generation)" = "$workers" ] || fail "the workers were changed"
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
roundtrip ha
