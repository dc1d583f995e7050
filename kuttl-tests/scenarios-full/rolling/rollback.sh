. ../../support/lib.sh
. ../../support/client-loop.sh
. ./rolling.sh
start_loop ha read
masters=$(uids master) workers=$(uids worker) good=$(generation)
k patch alx ha --type merge -p '{"spec":{"upgrade":{"autoRollback":true},"image":{"tag":"none-such"}}}'
within 180 reason UpToDate RolledBack || { k get alx ha -o yaml; k get pods -o wide; fail "it isn't taken back"; }
condition ha UpToDate message; echo
ready() { [ "$(condition ha Ready status)" = True ]; }
within 30 ready || fail "it doesn't serve: $(condition ha Ready message)"
[ "$(condition ha Degraded reason)" = RolledBack ] || fail "nobody is told"
phase Degraded || fail "the phase is $(field phase)"
[ "$(field rollback.to.generation)" = "$good" ] || fail "it went back to generation $(field rollback.to.generation), not $good"
[ "$(k get alx ha -o jsonpath='{.spec.image.tag}')" = none-such ] || fail "the spec was written"
kept=$(comm -12 <(echo "$masters") <(uids master) | wc -l)
[ "$kept" = 2 ] || fail "$kept of three masters are those of before"
[ "$(uids worker)" = "$workers" ] || fail "a worker was replaced"
revision=$(field lastGoodSpec.revision)
[ -n "$revision" ] || fail "no last good spec is on record"
k get controllerrevision "$revision" >/dev/null
sleep 20
reason UpToDate RolledBack || fail "it doesn't stay so"
[ "$(k get pods -o jsonpath='{.items[*].spec.containers[*].image}' | tr ' ' '\n' | grep -c none-such)" = 0 ] || fail "a pod has the bad image"
k get alx ha -o jsonpath='{range .status.history[*]}{.started} {.ended} {.what} {.from} {.to} {.outcome} by {.by}{"\n"}{end}'
k patch alx ha --type json -p '[{"op":"remove","path":"/spec/image/tag"}]'
within 60 settled "$(generation)" || { k get alx ha -o yaml; fail "the next edit isn't followed"; }
[ -z "$(field rollback)" ] || fail "the rollback is still there"
end_loop
echo "$FILES reads, $FAILED failed, longest gap $LONGEST s"
[ "$FAILED" = 0 ] || fail "$FAILED reads failed"
