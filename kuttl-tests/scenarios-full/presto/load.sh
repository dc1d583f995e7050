. ../../support/lib.sh
logs=$(mktemp -d)
spec=$(presto queries .spec.workers.replicas)
k patch presto queries --type merge -p '{"spec":{"autoscaling":{"minReplicas":1,"maxReplicas":2,"load":{"queriesPerWorker":3,"scaleUpAfterSeconds":10,"scaleDownAfterSeconds":20}}}}'
workers() { [ "$(presto queries '.status.workers.active') $(presto queries '.status.workers.wanted')" = "$1 $1" ]; }
within 120 workers 1
sql burst 150 5 "$SLOW_QUERY" >"$logs/burst.log" 2>&1 &
burst=$!
within 120 workers 2
echo "while five run: $(presto queries .status.autoscaling)"
wait "$burst" || { cat "$logs/burst.log"; fail "queries failed"; }
cat "$logs/burst.log"
one_by_one() { sql burst 20 1 'SELECT count(*) FROM tpch.tiny.nation'; }
one_by_one || fail "queries failed while the load was low"
within 120 workers 1
echo "afterwards: $(presto queries .status.autoscaling)"
[ "$(presto queries .spec.workers.replicas)" = "$spec" ] || fail "the spec was written"
k patch presto queries --type json -p '[{"op":"remove","path":"/spec/autoscaling"}]'
presto_ready queries
