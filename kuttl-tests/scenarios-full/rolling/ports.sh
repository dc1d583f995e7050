. ../../support/lib.sh
. ./rolling.sh
masters=$(uids master) workers=$(uids worker) job=$(uids jobmaster)
k patch alx ha --type merge -p '{"spec":{"workers":{"ports":{"web":30080}}}}'
within 200 settled "$(generation)" || { k get alx ha -o yaml; fail "it isn't Ready"; }
left=$(k get configmaps,services,statefulsets,pods -o yaml | grep -c '30000' || true)
[ "$left" = 0 ] || fail "the old port is still in $left places"
k get configmap ha-workerconf -o jsonpath='{.data}' | has 'alluxio.worker.web.port=30080' || fail "not in the properties"
k get service ha-worker -o jsonpath='{.spec.ports[*].port}' | has 30080 || fail "not in the Service"
k get pods -l app.kubernetes.io/component=worker -o jsonpath='{.items[*].spec.containers[0].ports[*].containerPort}' | has 30080 || fail "not in the pods"
[ -z "$(comm -12 <(echo "$workers") <(uids worker))" ] || fail "a worker has the old port"
[ "$(uids master) $(uids jobmaster)" = "$masters $job" ] || fail "a master was replaced for a port of workers"

k patch alx ha --type merge -p '{"spec":{"upgrade":{"strategy":"OnDelete"},"workers":{"properties":{"alluxio.worker.network.shutdown.timeout":"5sec"}}}}'
within 60 reason UpToDate WaitingForDeletion
within 30 settled "$(generation)"
condition ha UpToDate message; echo
workers=$(uids worker)
sleep 5
[ "$(uids worker)" = "$workers" ] || fail "a worker was replaced though the strategy is OnDelete"
k delete pod ha-worker-0 ha-worker-1 --wait=false >/dev/null
within 90 reason UpToDate UpToDate
within 60 settled "$(generation)"
