. ../../support/lib.sh
logs=$(mktemp -d)
uids() { k get pods -l "app.kubernetes.io/name=presto,app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
workers=$(uids worker) coordinator=$(uids coordinator)

echo "the coordinator's port: 8080 -> 8081"
k patch presto queries --type merge -p '{"spec":{"coordinator":{"ports":{"http":8081}}}}'
presto_ready queries
[ "$(uids worker)" = "$workers" ] || fail "workers were started anew"
[ "$(uids coordinator)" != "$coordinator" ] || fail "the coordinator is the same"
sql_pod queries
k get pod sql -o jsonpath='{.spec.containers[0].env[0].value}' | has 8081 || fail "the Service has another port"
# A coordinator that began to watch its workers only now would have none of them for some seconds.
sql burst 60 2 'SELECT count(*) FROM tpch.tiny.nation' || fail "queries failed at a new coordinator"

echo "the workers' memory, under queries all the while"
coordinator=$(uids coordinator)
sql_burst() { sql burst 240 2 'SELECT count(*) FROM tpch.tiny.lineitem a JOIN tpch.tiny.orders b ON a.orderkey = b.orderkey'; }
sql_burst >"$logs/burst.log" 2>&1 &
burst=$!
k patch presto queries --type merge -p '{"spec":{"workers":{"jvm":{"heap":"704Mi"}}}}'
presto_ready queries
[ "$(uids coordinator)" = "$coordinator" ] || fail "the coordinator was started anew"
[ "$(uids worker)" != "$workers" ] || fail "the workers are the same"
kill -0 "$burst" 2>/dev/null || echo "(the queries had ended before the last worker was replaced)"
wait "$burst" || { cat "$logs/burst.log"; fail "queries failed while workers were replaced"; }
cat "$logs/burst.log"
# A worker that leaves is there for some time yet, and may be the one that is asked.
heap() { k exec deploy/queries-prestoworker -- sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" "\n"' 2>/dev/null | has Xmx738197504; }
within 60 heap || fail "another heap"
presto queries '.status.memory[*]'; echo
presto queries '.status.history[*]'; echo
