. ../../support/lib.sh
client risk

# scraped: the metrics of the operator that leads.
scraped() {
    local pod
    for pod in $(kubectl --namespace alluxio-operator get pods -l app.kubernetes.io/name=alluxio-operator -o name); do
        kubectl --namespace alluxio-operator exec "$pod" -c operator -- python3 -c '
import urllib.request
print(urllib.request.urlopen("http://localhost:9116/metrics", timeout=10).read().decode())' | grep '^alluxio_operator_at_risk' || true
    done
}
# risk METRIC [WORKER]: a number of the last listing, of a worker, or summed over all.
risk() {
    scraped | grep -F "alluxio_operator_at_risk_$1{" | grep -F "name=\"risk\",namespace=\"$NAMESPACE\"" | grep -F "${2:+worker=\"$2\"}" |
        awk '{sum += $NF} END {if (NR) printf "%.0f\n", sum}'
}
# listed_after SECONDS: whether the last listing began after that Unix time.
listed_after() { [ "$(risk listing_timestamp_seconds)" -gt "$1" ]; }
listed_again() { within 400 listed_after "$(date +%s)"; }
# on WORKER FILE...: bytes of the blocks of files that a worker has, as Alluxio's own command shows them.
on() {
    local worker=$1
    shift
    at_client "for file in $*; do alluxio fs stat \$file; done 2>/dev/null" | grep '^BlockInfo' | grep -F "host=$worker." |
        sed 's/.*length=\([0-9]*\).*/\1/' | awk '{sum += $1} END {printf "%.0f\n", sum}'
}
equal() { [ "$2" = "$3" ] || { scraped; fail "$1: $2 instead of $3"; }; echo "$1: $2, as expected"; }
of() { k get alx risk -o jsonpath="{.status.atRisk.$1}"; }

echo "nothing written, nothing at risk: known, not unknown"
within 500 listed_after 0
equal "unpersisted bytes" "$(risk unpersisted_bytes)" 0

echo "what is written with MUST_CACHE is at risk, what is written through is not"
at_client '
    cd /tmp && mkdir -p data && cd data
    head -c 5242881 /dev/urandom > lost-a; head -c 3145728 /dev/urandom > lost-b; head -c 77 /dev/urandom > lost-c
    head -c 6291457 /dev/urandom > kept-a; head -c 4194304 /dev/urandom > kept-b
    alluxio fs mkdir /tmp-jobs/day/part /warehouse
    spread="-Dalluxio.user.block.write.location.policy.class=alluxio.client.block.policy.RoundRobinPolicy"
    for name in lost-a lost-b lost-c; do
        alluxio fs $spread -Dalluxio.user.file.writetype.default=MUST_CACHE copyFromLocal /tmp/data/$name /tmp-jobs/day/part/$name
    done
    for name in kept-a kept-b; do
        alluxio fs $spread -Dalluxio.user.file.writetype.default=CACHE_THROUGH copyFromLocal /tmp/data/$name /warehouse/$name
    done
    alluxio fs pin /warehouse/kept-b
' >/dev/null
listed_again
lost="/tmp-jobs/day/part/lost-a /tmp-jobs/day/part/lost-b /tmp-jobs/day/part/lost-c"
kept="/warehouse/kept-a /warehouse/kept-b"
equal "unpersisted bytes" "$(risk unpersisted_bytes)" $((5242881 + 3145728 + 77))
equal "unpersisted bytes that a restart loses" "$(risk unpersisted_on_restart_bytes)" $((5242881 + 3145728 + 77))
equal "unpersisted files" "$(risk unpersisted_files)" 3
equal "bytes cached once" "$(risk cached_once_bytes)" $((6291457 + 4194304))
equal "pinned bytes" "$(risk pinned_bytes)" 4194304
equal "unavailable bytes" "$(risk unavailable_bytes)" 0
for worker in risk-worker-0 risk-worker-1; do
    equal "unpersisted bytes of $worker" "$(risk unpersisted_bytes "$worker")" "$(on "$worker" "$lost")"
    equal "bytes that only $worker caches" "$(risk cached_once_bytes "$worker")" "$(on "$worker" "$kept")"
done

echo "the status follows, with the folder and an age"
published() { [ "$(of 'paths[0].path')" = /tmp-jobs/day/part ] && [ "$(of 'files')" = 3 ]; }
within 400 published || { k get alx risk -o yaml; fail "the status has other figures"; }
k get alx risk -o jsonpath='{.status.atRisk}{"\n"}'

echo "the limit of 1Mi is exceeded, and the condition says so after ten minutes"
above() { [ "$(condition risk AtRiskWithinLimit reason)" = AboveLimit ]; }
within 800 above || { k get alx risk -o yaml; fail "the condition is $(condition risk AtRiskWithinLimit reason)"; }
condition risk AtRiskWithinLimit message; echo
[ "$(k get alx risk -o jsonpath='{.status.phase}')" = Ready ] || fail "Ready waits for the limit"

echo "a worker dies: what was said of it is what is lost"
promised=$(risk unpersisted_bytes risk-worker-1)
k delete pod risk-worker-1 --grace-period=0 --force >/dev/null 2>&1
cluster_ready risk
costs() { [ "$(risk unavailable_bytes)" = "$promised" ]; }
within 400 costs || { scraped; fail "$(risk unavailable_bytes) bytes are lost, and $promised were promised"; }
equal "bytes lost with risk-worker-1" "$(risk unavailable_bytes)" "$promised"
equal "unpersisted bytes that are left" "$(risk unpersisted_bytes)" "$(on risk-worker-0 "$lost")"
