. ../../support/lib.sh
other=$NAMESPACE-other
RPC=19998 WEB=19999 JOURNAL=19200 WORKER_WEB=30000 OPERATOR_METRICS=9116
# Seconds from an edit to the node's rules.
SOON=30
operator_policy() { kubectl --namespace alluxio-operator "$1" -f ../../../config/network-policy/operator.yaml >/dev/null; }
access() { k patch alx small --type merge -p "{\"spec\":{\"access\":$1}}" >/dev/null; }

within 60 k get statefulset small-master
image=$(k get statefulset small-master -o jsonpath='{.spec.template.spec.containers[0].image}')
waiting_pod "$NAMESPACE" client "$image"
waiting_pod "$other" stranger "$image"
kubectl --namespace "$NAMESPACE" wait pod/client --for=condition=Ready --timeout=60s >/dev/null
kubectl --namespace "$other" wait pod/stranger --for=condition=Ready --timeout=60s >/dev/null

echo "the cluster becomes Ready behind its policy: the operator reaches the REST port"
cluster_ready small 150
made=$(k get networkpolicy small-access -o jsonpath='{.metadata.creationTimestamp}')
served=$(condition small MastersServing lastTransitionTime)
[[ ! "$made" > "$served" ]] || fail "the policy of $made came after the first answer of $served"
[ "$(k get alx small -o jsonpath='{.status.workers.live}')" = 1 ] || fail "the operator counts no live worker"

master=$(pod_ip small-master-0) worker=$(pod_ip small-worker-0)
service=$(k get service small-client -o jsonpath='{.spec.clusterIP}')
[ "$service" != None ] || fail "the client Service has no address of its own"

echo "the same namespace reaches the master, by its address and by the Service; another namespace doesn't"
within "$SOON" reaches "$NAMESPACE" client "$master" "$RPC" || fail "a client of the namespace is cut off"
within "$SOON" reaches "$NAMESPACE" client "$service" "$RPC" || fail "a client of the namespace can't use the Service"
within "$SOON" cut_off "$other" stranger "$master" "$RPC" || fail "another namespace reaches the RPC port"
cut_off "$other" stranger "$service" "$RPC" || fail "another namespace reaches the Service"
cut_off "$other" stranger "$master" "$WEB" || fail "another namespace reaches the web port"
echo "from another namespace: $(knock "$other" stranger "$master" "$RPC")"

echo "the journal is for the cluster's own pods, and for no client"
reaches "$NAMESPACE" small-worker-0 "$master" "$JOURNAL" || fail "the cluster's own pods can't reach the journal's port"
cut_off "$NAMESPACE" client "$master" "$JOURNAL" || fail "a client reaches the journal's port"

echo "the operator's own policy closes its metrics"
operator=$(kubectl --namespace alluxio-operator get pods -l app.kubernetes.io/name=alluxio-operator -o jsonpath='{.items[0].status.podIP}')
reaches "$other" stranger "$operator" "$OPERATOR_METRICS" || fail "the operator's metrics are closed without a policy"
operator_policy apply
trap 'operator_policy delete' EXIT
within "$SOON" cut_off "$other" stranger "$operator" "$OPERATOR_METRICS" || fail "the operator's metrics are open to every namespace"

echo "a namespace with the label for metrics reaches the web ports and the operator's metrics, and nothing else"
kubectl label namespace "$other" alluxio-operator.io/metrics=enabled >/dev/null
within "$SOON" reaches "$other" stranger "$master" "$WEB" || fail "the label opens no web port"
within "$SOON" reaches "$other" stranger "$worker" "$WORKER_WEB" || fail "the label opens no web port of the worker"
reaches "$other" stranger "$operator" "$OPERATOR_METRICS" || fail "the label doesn't open the operator's metrics"
cut_off "$other" stranger "$master" "$RPC" || fail "the label opens the RPC port"
kubectl label namespace "$other" alluxio-operator.io/metrics- >/dev/null
within "$SOON" cut_off "$other" stranger "$master" "$WEB" || fail "the web port stays open without the label"

echo "spec.access.from names the other namespace: it comes in, in place of the cluster's own namespace"
access "{\"from\":[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"$other\"}}}]}"
within "$SOON" reaches "$other" stranger "$master" "$RPC" || fail "a named namespace is cut off"
reaches "$other" stranger "$service" "$RPC" || fail "a named namespace can't use the Service"
within "$SOON" cut_off "$NAMESPACE" client "$master" "$RPC" || fail "a namespace that isn't named reaches the RPC port"
cut_off "$other" stranger "$master" "$JOURNAL" || fail "a named namespace reaches the journal's port"

echo "without policies every port is open: it was the policy that closed them"
access '{"enabled":false,"from":null}'
within "$SOON" reaches "$NAMESPACE" client "$master" "$JOURNAL" || fail "the journal's port was closed by something else"
within "$SOON" reaches "$other" stranger "$master" "$RPC"

echo "and with the default again they close"
access '{"enabled":null}'
within "$SOON" cut_off "$other" stranger "$master" "$RPC" || fail "the policy didn't come back"
within "$SOON" cut_off "$NAMESPACE" client "$master" "$JOURNAL" || fail "the journal's port stays open"
cluster_ready small 60
