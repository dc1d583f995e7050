. ../../support/lib.sh
uids() { k get pods -l "app.kubernetes.io/name=presto,app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
workers=$(uids worker) coordinator=$(uids coordinator)

echo "the coordinator's port: 8080 -> 8081"
k patch presto queries --type merge -p '{"spec":{"coordinator":{"ports":{"http":8081}}}}'
presto_ready queries
[ "$(uids worker)" = "$workers" ] || fail "workers were started anew"
[ "$(uids coordinator)" != "$coordinator" ] || fail "the coordinator is the same"
sql_pod queries
k get pod sql -o jsonpath='{.spec.containers[0].env[0].value}' | has 8081 || fail "the Service has another port"
# In its first seconds a coordinator may count workers and yet find none for a query.
answers() { [ "$(sql query 'SELECT count(*) FROM tpch.tiny.nation')" = 25 ]; }
within 30 answers

echo "the workers' memory"
coordinator=$(uids coordinator)
k patch presto queries --type merge -p '{"spec":{"workers":{"jvm":{"heap":"704Mi"}}}}'
presto_ready queries
[ "$(uids coordinator)" = "$coordinator" ] || fail "the coordinator was started anew"
[ "$(uids worker)" != "$workers" ] || fail "the workers are the same"
k exec deploy/queries-prestoworker -- sh -c 'tr "\0" "\n" </proc/[0-9]*/cmdline' 2>/dev/null | has Xmx738197504 || fail "another heap"
presto queries '.status.memory[*]'; echo
presto queries '.status.history[*]'; echo
