# A second replica is Ready and idle; when the first dies without a word it takes over after the Lease ran out.
. ../../support/lib.sh
operator() { kubectl --namespace alluxio-operator "$@"; }
holder() { operator get lease alluxio-operator -o jsonpath='{.spec.holderIdentity}'; }
trap 'operator scale deployment alluxio-operator --replicas=1 >/dev/null' EXIT
operator scale deployment alluxio-operator --replicas=2
operator rollout status deployment alluxio-operator --timeout=120s
first=$(holder)
echo "the leader is $first"
# An edit that restarts no pod: the next step needs the cluster as it is.
annotate() { k patch alx small --type merge -p "{\"spec\":{\"service\":{\"annotations\":{\"example.com/$1\":\"yes\"}}}}"; }
applied() { k get service small-client -o jsonpath='{.metadata.annotations}' | has "example.com/$1"; }
annotate first
within 20 applied first
[ "$(holder)" = "$first" ] || fail "an idle replica took over from a living one"
# Every process at once, so that nothing can release the Lease.
operator exec "${first%%_*}" -- sh -c 'kill -9 -1' || true
annotate second
# The Lease lasts 15 s.
within 60 applied second || fail "nobody took over"
second=$(holder)
echo "now it is $second"
[ "$first" != "$second" ] || fail "the Lease wasn't taken over"
