# A second replica is Ready and idle; when the first dies without a word it takes over after the Lease ran out.
. ../../support/lib.sh
operator() { kubectl --namespace alluxio-operator "$@"; }
holder() { operator get lease alluxio-operator -o jsonpath='{.spec.holderIdentity}'; }
trap 'operator scale deployment alluxio-operator --replicas=1 >/dev/null' EXIT
operator scale deployment alluxio-operator --replicas=2
operator rollout status deployment alluxio-operator --timeout=60s
first=$(holder)
echo "the leader is $first"
k patch alx small --type merge -p '{"spec":{"properties":{"alluxio.user.metrics.collection.enabled":"true"}}}'
applied() { k get configmap small-client -o jsonpath='{.data}' | has "$1"; }
within 5 applied metrics.collection.enabled
[ "$(holder)" = "$first" ] || fail "an idle replica took over from a living one"
# Every process at once, so that nothing can release the Lease.
operator exec "${first%%_*}" -- sh -c 'kill -9 -1' || true
k patch alx small --type merge -p '{"spec":{"properties":{"alluxio.user.conf.sync.interval":"2min"}}}'
within 40 applied conf.sync.interval || fail "nobody took over"
second=$(holder)
echo "now it is $second"
[ "$first" != "$second" ] || fail "the Lease wasn't taken over"
