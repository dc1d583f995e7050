. ../../support/lib.sh
logs=$(mktemp -d)
echo "the workers' memory, under queries all the while"
workers=$(presto_uids worker) coordinator=$(presto_uids coordinator)
sql_burst() { sql burst 240 2 'SELECT count(*) FROM tpch.tiny.lineitem a JOIN tpch.tiny.orders b ON a.orderkey = b.orderkey'; }
sql_burst >"$logs/burst.log" 2>&1 &
burst=$!
k patch presto queries --type merge -p '{"spec":{"workers":{"jvm":{"heap":"704Mi"}}}}'
presto_ready queries
[ "$(presto_uids coordinator)" = "$coordinator" ] || fail "the coordinator was started anew"
[ "$(presto_uids worker)" != "$workers" ] || fail "the workers are the same"
kill -0 "$burst" 2>/dev/null || echo "(the queries had ended before the last worker was replaced)"
wait "$burst" || { cat "$logs/burst.log"; fail "queries failed while workers were replaced"; }
cat "$logs/burst.log"
# A worker that drains still runs for some time, and this may ask it.
heap() { k exec deploy/queries-prestoworker -- sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" "\n"' 2>/dev/null | has Xmx738197504; }
within 60 heap || fail "another heap"
presto queries '.status.memory[*]'; echo
presto queries '.status.history[*]'; echo
