. ../../support/lib.sh
# Seconds: far less than the 20 minutes to the next resync, and enough on a busy machine.
AT_ONCE=20
json() { k get "$1" -o "jsonpath=$2"; }
is() { [ "$(json "$1" "$2")" = "$3" ]; }

echo "a deleted ConfigMap comes back"
k delete configmap small-client
within "$AT_ONCE" k get configmap small-client

echo "changed data is put right"
k patch configmap small-workerconf --type merge -p '{"data":{"alluxio-site.properties":"alluxio.user.file.writetype.default=THROUGH"}}'
drifted() { json configmap/small-workerconf '{.data.alluxio-site\.properties}' | has mount.table.root.ufs; }
within "$AT_ONCE" drifted

echo "a changed port is put right"
k patch service small-client --type json -p '[{"op":"replace","path":"/spec/ports/0/port","value":12345}]'
within "$AT_ONCE" is service/small-client '{.spec.ports[0].port}' 19998

echo "a scaled StatefulSet is put right"
k scale statefulset small-jobmaster --replicas=2
within "$AT_ONCE" is statefulset/small-jobmaster '{.spec.replicas}' 1
# It is told to end while it starts, which a first process of its namespace would not hear.
gone() { [ -z "$(k get pod "$1" --ignore-not-found -o name)" ]; }
within 60 gone small-jobmaster-1

echo "a removed label is put back"
k label service small-worker app.kubernetes.io/managed-by-
within "$AT_ONCE" is service/small-worker '{.metadata.labels.app\.kubernetes\.io/managed-by}' alluxio-operator

echo "what others add survives"
k annotate service small-client example.com/owner=somebody
k patch service small-client --type merge -p '{"spec":{"sessionAffinity":"ClientIP"}}'
k delete configmap small-client
within "$AT_ONCE" k get configmap small-client
is service/small-client '{.metadata.annotations.example\.com/owner}' somebody || fail "a foreign annotation was removed"
is service/small-client '{.spec.sessionAffinity}' ClientIP || fail "a foreign field was reset"

echo "and the cluster is Ready at the end"
cluster_ready small 90
