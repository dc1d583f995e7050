. ../../support/lib.sh
sql_pod queries
[ "$(sql query 'SELECT count(*) FROM tpch.tiny.lineitem')" = 60175 ] || fail "tpch"
sql query 'CREATE TABLE memory.default.n AS SELECT * FROM tpch.tiny.nation' >/dev/null
[ "$(sql query 'SELECT count(*) FROM memory.default.n')" = 25 ] || fail "memory"
created() { k get "$1" -o jsonpath='{.metadata.creationTimestamp}'; }
for pair in configmap/queries-prestoconfig:deployment/queries-coordinator deployment/queries-coordinator:deployment/queries-prestoworker \
    deployment/queries-prestoworker:service/queries-presto; do
    first=$(created "${pair%:*}") second=$(created "${pair#*:}")
    echo "$first ${pair%:*}  <=  $second ${pair#*:}"
    [[ ! "$first" > "$second" ]] || fail "${pair%:*} came after ${pair#*:}"
done
k get presto queries -o wide
for pod in $(k get pods -l app.kubernetes.io/name=presto -o name); do
    k exec "$pod" -- sh -c 'echo "$(hostname): $(cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.peak) of $(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max)"'
done
