# With the operator gone, a resource and its whole namespace can still be deleted.
. ../../support/lib.sh
operator() { kubectl --namespace alluxio-operator "$@"; }
trap 'operator scale deployment alluxio-operator --replicas=1 >/dev/null; operator rollout status deployment alluxio-operator --timeout=60s' EXIT
kubectl create namespace "$NAMESPACE-2"
kubectl --namespace "$NAMESPACE-2" apply -f ../../support/cluster.yaml
within 60 kubectl --namespace "$NAMESPACE-2" get statefulset small-master
operator scale deployment alluxio-operator --replicas=0
operator wait pod -l app.kubernetes.io/name=alluxio-operator --for=delete --timeout=60s
roundtrip small
k delete alx small --wait --timeout=30s
gone() { [ -z "$(k get statefulset,deployment,service,configmap,pods -l app.kubernetes.io/instance=small -o name)" ]; }
within 90 gone
k get pvc journal-small-master-0
kubectl delete namespace "$NAMESPACE-2" --wait --timeout=120s
