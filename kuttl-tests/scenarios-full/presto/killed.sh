. ../../support/lib.sh
logs=$(mktemp -d)
pod=$(k get pods -l app.kubernetes.io/name=presto,app.kubernetes.io/component=worker -o name)
long='SELECT count(*) FROM tpch.sf100.lineitem a CROSS JOIN tpch.tiny.nation b WHERE a.comment LIKE '"'%a%e%i%o%'"
(
    # With `||`: the shell stops at the first failure, and would end before it reports this one.
    ended=0
    k exec -i sql -- env LIMIT=200 python3 - query "$long" <"$SUPPORT/presto.py" >"$logs/long.log" 2>&1 || ended=$?
    echo "exit $ended" >>"$logs/long.log"
) &
running() { [ "$(presto queries .status.queries.running)" != 0 ]; }
within 40 running
began=$SECONDS
# Only the process: the preStop hook, which would drain it, doesn't run.
k exec "$pod" -- bash -c 'for p in /proc/[0-9]*; do grep -q "\.server\.[PT]r[a-z]*Server" $p/cmdline 2>/dev/null && kill -9 ${p#/proc/}; done' || true
wait
took=$((SECONDS - began))
cat "$logs/long.log"
has 'exit 1' <"$logs/long.log" || fail "the query should have failed"
echo "failed after $took s"
[ "$took" -lt 75 ] || fail "the query hung for $took s"
presto_ready queries
[ "$(sql query 'SELECT count(*) FROM tpch.tiny.nation')" = 25 ] || fail "no query afterwards"
