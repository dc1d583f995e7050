# With the operator gone, the cluster serves, and a resource and a whole namespace can still be deleted.
. ../../support/lib.sh
operator() { kubectl --namespace alluxio-operator "$@"; }
trap 'operator scale deployment alluxio-operator --replicas=1 >/dev/null; operator rollout status deployment alluxio-operator --timeout=60s' EXIT
kubectl create namespace "$NAMESPACE-2"
kubectl --namespace "$NAMESPACE-2" apply -f ../../support/cluster.yaml
within 90 kubectl --namespace "$NAMESPACE-2" get statefulset small-master
cluster_ready small
operator scale deployment alluxio-operator --replicas=0
stopped() { [ -z "$(operator get pods -l app.kubernetes.io/name=alluxio-operator -o name)" ]; }
within 90 stopped
roundtrip small
# The namespace ends while the resource of the other one does.
kubectl delete namespace "$NAMESPACE-2" --wait=false
k delete alx small --wait --timeout=60s
gone() { [ -z "$(k get statefulset,deployment,service,configmap,pods -l app.kubernetes.io/instance=small -o name)" ]; }
within 90 gone
k get pvc journal-small-master-0
ended() { [ -z "$(kubectl get namespace "$NAMESPACE-2" --ignore-not-found -o name)" ]; }
within 150 ended
