. ../../support/lib.sh
k get alx small -o jsonpath='{range .status.memory[*]}{.role}: heap {.heap} + direct {.direct} + overhead {.overhead} + tiers {.tiers} <= {.limit}{"\n"}{end}'
peak() { k exec "$1" -c "$2" -- sh -c 'cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.peak'; }
limit() { k exec "$1" -c "$2" -- sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'; }
for where in small-master-0/master small-worker-0/worker small-worker-0/job-worker small-jobmaster-0/job-master; do
    used=$(peak "${where%/*}" "${where#*/}") most=$(limit "${where%/*}" "${where#*/}")
    echo "$where: $((used / 1048576)) MiB at most, limit $((most / 1048576)) MiB"
    [ "$used" -lt "$most" ] || fail "$where reached its limit"
done
# One that ends at its start, as when a name isn't known yet, comes again by itself and is only told of; none is killed for
# memory.
k get pods -o jsonpath='{range .items[*]}{.metadata.name}{range .status.containerStatuses[*]}{" "}{.name}={.restartCount} {.lastState.terminated}{end}{"\n"}{end}' | grep -E '=[1-9]' || true
killed=$(k get pods -o jsonpath='{range .items[*].status.containerStatuses[*]}{.name}: {.lastState.terminated.reason}{"\n"}{end}' | grep OOMKilled || true)
[ -z "$killed" ] || fail "killed for memory: $killed"
