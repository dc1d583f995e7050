. ../../support/lib.sh
uids() { k get pods -l "app.kubernetes.io/name=presto,app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
workers=$(uids worker) coordinator=$(uids coordinator) began=$SECONDS
k patch presto queries --type merge -p '{"spec":{"coordinator":{"ports":{"http":8081}}}}'
presto_ready queries
echo "the coordinator's port was changed after $((SECONDS - began)) s"
[ "$(uids worker)" = "$workers" ] || fail "workers were started anew"
[ "$(uids coordinator)" != "$coordinator" ] || fail "the coordinator is the same"
sql_pod queries
k get pod sql -o jsonpath='{.spec.containers[0].env[0].value}' | has 8081 || fail "the Service has another port"
# A coordinator that began to watch its workers only now would have none of them for some seconds.
sql burst 60 2 'SELECT count(*) FROM tpch.tiny.nation' || fail "queries failed at a new coordinator"
