. ../../support/lib.sh
workers=$(presto_uids worker) coordinator=$(presto_uids coordinator) began=$SECONDS
echo "the coordinator's port: 8080 -> 8081"
k patch presto queries --type merge -p '{"spec":{"coordinator":{"ports":{"http":8081}}}}'
presto_ready queries
echo "the coordinator's port was changed after $((SECONDS - began)) s"
[ "$(presto_uids worker)" = "$workers" ] || fail "workers were started anew"
[ "$(presto_uids coordinator)" != "$coordinator" ] || fail "the coordinator is the same"
sql_pod queries
k get pod sql -o jsonpath='{.spec.containers[0].env[0].value}' | has 8081 || fail "the Service has another port"
# A coordinator that only now begins to watch its workers would count none of them for some seconds.
sql burst 60 2 'SELECT count(*) FROM tpch.tiny.nation' || fail "queries failed at a new coordinator"
