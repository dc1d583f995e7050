. ../../support/lib.sh
other=$NAMESPACE-other
HTTP=8080
# Seconds from an edit to the node's rules.
SOON=30
access() { k patch presto queries --type merge -p "{\"spec\":{\"access\":$1}}" >/dev/null; }
pod_of() { k get pods -l "app.kubernetes.io/name=presto,app.kubernetes.io/component=$1" -o jsonpath='{.items[0].metadata.name}'; }

presto_ready queries 300
image=$(k get deployment queries-coordinator -o jsonpath='{.spec.template.spec.containers[0].image}')
waiting_pod "$NAMESPACE" client "$image"
waiting_pod "$other" stranger "$image"
kubectl --namespace "$NAMESPACE" wait pod/client --for=condition=Ready --timeout=60s >/dev/null
kubectl --namespace "$other" wait pod/stranger --for=condition=Ready --timeout=60s >/dev/null
coordinator=$(pod_of coordinator) worker=$(pod_of worker)
coordinator_ip=$(pod_ip "$coordinator") worker_ip=$(pod_ip "$worker")
service=$(k get service queries-presto -o jsonpath='{.spec.clusterIP}')

echo "the namespace reaches the coordinator, another namespace doesn't"
within "$SOON" reaches "$NAMESPACE" client "$coordinator_ip" "$HTTP" || fail "a client of the namespace is cut off"
reaches "$NAMESPACE" client "$service" "$HTTP" || fail "a client of the namespace can't use the Service"
within "$SOON" cut_off "$other" stranger "$coordinator_ip" "$HTTP" || fail "another namespace reaches the coordinator"
cut_off "$other" stranger "$service" "$HTTP" || fail "another namespace reaches the Service"

echo "the worker is for the Presto's own pods, and for no client"
reaches "$NAMESPACE" "$coordinator" "$worker_ip" "$HTTP" || fail "the coordinator can't reach its worker"
within "$SOON" cut_off "$NAMESPACE" client "$worker_ip" "$HTTP" || fail "a client reaches the worker"
cut_off "$other" stranger "$worker_ip" "$HTTP" || fail "another namespace reaches the worker"

echo "the Prometheus of a labelled namespace reaches both"
kubectl label namespace "$other" alluxio-operator.io/metrics=enabled >/dev/null
within "$SOON" reaches "$other" stranger "$worker_ip" "$HTTP" || fail "the label doesn't open the worker"
reaches "$other" stranger "$coordinator_ip" "$HTTP" || fail "the label doesn't open the coordinator"
kubectl label namespace "$other" alluxio-operator.io/metrics- >/dev/null
within "$SOON" cut_off "$other" stranger "$worker_ip" "$HTTP" || fail "the worker stays open without the label"

echo "spec.access.from names the other namespace: it reaches the coordinator alone"
access "{\"from\":[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"$other\"}}}]}"
within "$SOON" reaches "$other" stranger "$coordinator_ip" "$HTTP" || fail "a named namespace is cut off"
within "$SOON" cut_off "$NAMESPACE" client "$coordinator_ip" "$HTTP" || fail "a namespace that isn't named reaches the coordinator"
cut_off "$other" stranger "$worker_ip" "$HTTP" || fail "a named namespace reaches the worker"

echo "without policies every port is open: it was the policy that closed them"
access '{"enabled":false,"from":null}'
within "$SOON" reaches "$NAMESPACE" client "$worker_ip" "$HTTP" || fail "the worker's port was closed by something else"
within "$SOON" reaches "$other" stranger "$worker_ip" "$HTTP" || fail "the worker's port was closed by something else"
presto_ready queries 60
