. ../../support/lib.sh
. ./rolling.sh
k patch alx ha --type merge -p '{"spec":{"upgrade":{"stepTimeoutSeconds":45}}}'
within 30 settled "$(generation)"
masters=$(uids master) workers=$(uids worker)
k patch alx ha --type merge -p '{"spec":{"workers":{"properties":{"alluxio.worker.block.store.type":"NONSENSE"}}}}'
within 120 reason UpToDate StepTimedOut || { k get alx ha -o yaml; fail "nobody gave up"; }
condition ha UpToDate message; echo
phase Degraded || fail "the phase is $(field phase)"
[ "$(uids master)" = "$masters" ] || fail "a master was replaced for a property of workers"
kept=$(comm -12 <(echo "$workers") <(uids worker) | wc -l)
[ "$kept" = 1 ] || fail "$kept of two workers are those of before"
alluxio ha fs ls /loop | has /loop/3 || fail "the cluster doesn't serve"
k patch alx ha --type json -p '[{"op":"remove","path":"/spec/workers/properties"}]'
within 120 settled "$(generation)" || { k get alx ha -o yaml; fail "taking it back doesn't heal it"; }
[ "$(comm -12 <(echo "$workers") <(uids worker) | wc -l)" = 1 ] || fail "the worker that was well was replaced"
