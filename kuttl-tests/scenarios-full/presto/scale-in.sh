. ../../support/lib.sh
logs=$(mktemp -d)
sql burst 200 4 "$SLOW_QUERY" >"$logs/burst.log" 2>&1 &
burst=$!
sleep 12
k scale presto queries --replicas=1
gone() { [ "$(k get pods -l app.kubernetes.io/name=presto,app.kubernetes.io/component=worker --no-headers | wc -l)" = 1 ]; }
began=$SECONDS
within 90 gone
echo "the worker was gone after $((SECONDS - began)) s"
kill -0 "$burst" || { cat "$logs/burst.log"; fail "the queries had ended before the worker left: nothing was shown"; }
wait "$burst" || { cat "$logs/burst.log"; fail "queries failed"; }
cat "$logs/burst.log"
presto_ready queries
