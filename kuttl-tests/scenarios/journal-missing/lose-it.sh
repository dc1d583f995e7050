# The journal's volume is emptied below the cluster: no new, empty name space may take its place.
. ../../support/lib.sh
reason() { [ "$(condition small JournalInitialized reason)" = "$1" ]; }
phase() { [ "$(k get alx small -o jsonpath='{.status.phase}')" = "$1" ]; }
alluxio small fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /before

echo "1. it is lost while the cluster runs"
k exec small-master-0 -c master -- sh -c 'mkdir /journal/away && mv /journal/raft /journal/away/'
k delete pod small-master-0 --wait=false --grace-period=1
within 90 reason JournalMissing
condition small JournalInitialized message; echo
within 60 phase Degraded
condition small JournalInitialized message | has "delete the AlluxioCluster and PVC journal-small-master-0" || fail "the ways out are not named"
k get pod small-master-0 -o jsonpath='{.status.containerStatuses[0].state}' | has running && fail "a master runs without its journal"

echo "2. it comes back, and with it everything else"
pod=$(k get pvc journal-small-master-0 -o jsonpath='{.metadata.name}')
k apply -f - <<POD
apiVersion: v1
kind: Pod
metadata: {name: rescue}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000, runAsGroup: 1000}
  containers:
  - name: rescue
    image: $(k get statefulset small-master -o jsonpath='{.spec.template.spec.containers[0].image}')
    imagePullPolicy: IfNotPresent
    command: [sh, -euc, "mv /journal/away/raft /journal/raft; rmdir /journal/away"]
    volumeMounts: [{name: journal, mountPath: /journal}]
  volumes: [{name: journal, persistentVolumeClaim: {claimName: $pod}}]
POD
k wait pod/rescue --for=jsonpath='{.status.phase}'=Succeeded --timeout=90s
k delete pod small-master-0 --wait=false --grace-period=0 --force 2>/dev/null
cluster_ready small
alluxio small fs ls / | has /before || fail "the name space is not the one from before"

echo "3. it is lost while there is no resource: a new one must not start on nothing"
k delete alx small --wait
gone() { [ -z "$(k get pods -l app.kubernetes.io/instance=small -o name)" ]; }
within 90 gone
k delete pod rescue --wait >/dev/null
k get pvc journal-small-master-0 -o jsonpath='{.metadata.annotations.alluxio-operator\.io/journal}' | has initialized || fail "the claim doesn't tell"
k apply -f - <<POD
apiVersion: v1
kind: Pod
metadata: {name: vandal}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000, runAsGroup: 1000}
  containers:
  - name: vandal
    image: localhost/alluxio-operator/base:bookworm
    command: [sh, -euc, "rm -rf /journal/raft"]
    volumeMounts: [{name: journal, mountPath: /journal}]
  volumes: [{name: journal, persistentVolumeClaim: {claimName: $pod}}]
POD
k wait pod/vandal --for=jsonpath='{.status.phase}'=Succeeded --timeout=90s
k apply -f ../../support/cluster.yaml
within 90 reason JournalMissing
k get statefulset small-master 2>/dev/null && fail "masters were started without a journal"
condition small JournalInitialized message; echo
