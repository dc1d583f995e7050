# Shared by the scenarios' scripts: source it. NAMESPACE is set by kuttl.
set -euo pipefail
SUPPORT=$(dirname "${BASH_SOURCE[0]}")

k() { kubectl --namespace "$NAMESPACE" "$@"; }

# has PATTERN: whether it is in what comes by a pipe. Read to the end: grep -q would leave early, and by pipefail the pipe
# would have failed though the pattern was found.
has() { grep -c "$@" >/dev/null; }

fail() { echo "FAILED: $*" >&2; exit 1; }

# alluxio CLUSTER ARGUMENT...: the command line, in the master's pod.
alluxio() {
    local cluster=$1
    shift
    k exec "$cluster-master-0" -c master -- alluxio "$@"
}

# within SECONDS COMMAND...: wait until a command succeeds.
within() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$until" ]; then
            echo "still failing: $*" >&2
            "$@" >&2 || true
            return 1
        fi
        sleep 0.5
    done
}

# condition CLUSTER TYPE FIELD: one field of one condition.
condition() { k get alx "$1" -o "jsonpath={.status.conditions[?(@.type=='$2')].$3}"; }

# as_specified KIND NAME: whether a resource is Ready as its latest spec says. By one look: of two, the first may see the status
# before an edit and the second the one after it.
as_specified() {
    local phase observed generation
    read -r phase observed generation < <(k get "$1" "$2" -o jsonpath='{.status.phase} {.status.observedGeneration} {.metadata.generation}')
    [ "$phase" = Ready ] && [ "$observed" = "$generation" ]
}

# cluster_ready CLUSTER [SECONDS]: wait until an AlluxioCluster is Ready as its latest spec says.
cluster_ready() { within "${2:-240}" as_specified alx "$1"; }

# roundtrip CLUSTER: write a file through Alluxio from a client pod that knows only the client ConfigMap, read it back.
roundtrip() {
    local cluster=$1 image
    image=$(k get statefulset "$cluster-master" -o jsonpath='{.spec.template.spec.containers[0].image}')
    k delete pod client --ignore-not-found --wait >/dev/null
    k apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: $image
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [/bin/bash, -euc]
    args:
    - |
      cd /tmp
      head -c 8388608 /dev/urandom > sent
      /opt/alluxio/bin/alluxio fs copyFromLocal /tmp/sent /roundtrip
      /opt/alluxio/bin/alluxio fs copyToLocal /roundtrip /tmp/received
      sha256sum sent received
      cmp sent received
      /opt/alluxio/bin/alluxio fs rm /roundtrip
    env: [{name: ALLUXIO_CONF_DIR, value: /etc/alluxio}]
    volumeMounts:
    - {name: conf, mountPath: /etc/alluxio}
    - {name: scratch, mountPath: /tmp}
    - {name: scratch, mountPath: /opt/alluxio/logs, subPath: logs}
  volumes:
  - {name: conf, configMap: {name: $cluster-client}}
  - {name: scratch, emptyDir: {}}
POD
    k wait pod/client --for=jsonpath='{.status.phase}'=Succeeded --timeout=120s >/dev/null || { k logs client; fail "the client pod"; }
    k logs client | grep -E '^[0-9a-f]{64}'
    k delete pod client --wait=false >/dev/null
}

# client CLUSTER [FOLDER_OF_THE_NODE MOUNT_PATH]...: a pod named client that stays, knows only the client ConfigMap, and sees
# mounts that come and go below these folders.
client() {
    local cluster=$1 image mounts='' volumes='' number=0
    shift
    image=$(k get statefulset "$cluster-master" -o jsonpath='{.spec.template.spec.containers[0].image}')
    while [ $# -gt 0 ]; do
        number=$((number + 1))
        mounts+=", {name: node-$number, mountPath: $2, mountPropagation: HostToContainer}"
        volumes+=", {name: node-$number, hostPath: {path: $1, type: Directory}}"
        shift 2
    done
    k apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: $image
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [/bin/sleep, "3600"]
    env: [{name: ALLUXIO_CONF_DIR, value: /etc/alluxio}, {name: HOME, value: /tmp}]
    volumeMounts: [{name: conf, mountPath: /etc/alluxio}, {name: scratch, mountPath: /tmp}, {name: scratch, mountPath: /opt/alluxio/logs, subPath: logs}$mounts]
  volumes: [{name: conf, configMap: {name: $cluster-client}}, {name: scratch, emptyDir: {}}$volumes]
POD
    k wait pod/client --for=condition=Ready --timeout=60s >/dev/null
}

# at_client COMMAND: a line of bash in that pod.
at_client() { k exec client -- bash -euo pipefail -c "$1"; }

# waiting_pod NAMESPACE NAME IMAGE: a pod that only waits, for `knock`.
waiting_pod() {
    kubectl --namespace "$1" apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: $2}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: wait
    image: $3
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [/bin/sleep, "3600"]
POD
}

# knock NAMESPACE POD ADDRESS PORT: what a new connection from this pod meets: "open", "refused" or "timeout".
knock() {
    kubectl --namespace "$1" exec "$2" -- python3 -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("timeout")
else:
    print("open")' "$3" "$4" 2>/dev/null
}

# reaches NAMESPACE POD ADDRESS PORT, cut_off NAMESPACE POD ADDRESS PORT: whether it does; neither holds if the pod can't be asked.
reaches() { [ "$(knock "$@")" = open ]; }
cut_off() { [[ "$(knock "$@")" =~ ^(refused|timeout)$ ]]; }

# pod_ip POD: its address.
pod_ip() { k get pod "$1" -o jsonpath='{.status.podIP}'; }

# sql_pod PRESTO: a pod named sql from which the Service of a Presto is asked.
sql_pod() {
    local port
    port=$(k get service "$1-presto" -o jsonpath='{.spec.ports[0].port}')
    k delete pod sql --ignore-not-found --wait >/dev/null
    k apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: sql}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: sql
    image: localhost/alluxio-operator/base:bookworm
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [/bin/sleep, "7200"]
    env: [{name: PRESTO, value: "$1-presto:$port"}]
POD
    k wait pod/sql --for=condition=Ready --timeout=60s >/dev/null
    # A Service that has just been made is known to the node a moment later.
    within 20 k exec sql -- python3 -c 'import os, socket; socket.create_connection(os.environ["PRESTO"].split(":"), 2)'
}

# A query of some seconds on this node: with a few at a time, a worker that leaves has parts of some.
SLOW_QUERY="SELECT count(*) FROM tpch.tiny.lineitem a JOIN tpch.tiny.orders b ON a.orderkey = b.orderkey WHERE a.comment LIKE '%a%e%i%'"

# sql COMMAND ARGUMENT...: support/presto.py in that pod.
sql() { k exec -i sql -- python3 - "$@" <"$SUPPORT/presto.py"; }

# presto NAME PATH: one field of a Presto.
presto() { k get presto "$1" -o "jsonpath={$2}"; }

# presto_condition NAME TYPE FIELD: one field of one of its conditions.
presto_condition() { presto "$1" ".status.conditions[?(@.type=='$2')].$3"; }

# presto_uids ROLE: the uids of its pods, one a line.
presto_uids() { k get pods -l "app.kubernetes.io/name=presto,app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }

# presto_ready NAME [SECONDS]: wait until a Presto is Ready as its latest spec says.
presto_ready() { within "${2:-240}" as_specified presto "$1"; }

# counter CLUSTER NAME: a number of the leading master's own metrics, such as Cluster_BytesReadRemote.
counter() {
    k exec "$1-master-0" -c master -- python3 -c '
import sys, urllib.request
for line in urllib.request.urlopen("http://localhost:19999/metrics/prometheus/", timeout=10).read().decode().splitlines():
    if line.startswith(sys.argv[1] + " "):
        print(int(float(line.split()[1])))' "$2"
}

# read_from CLUSTER: bytes that its workers have read from their caches so far, and from below them; by their own counters,
# since the master adds up the second number once a minute. What is read by short circuit is in neither.
read_from() {
    local pod
    for pod in $(k get pods -l "app.kubernetes.io/name=alluxio,app.kubernetes.io/instance=$1,app.kubernetes.io/component=worker" -o name); do
        k exec "$pod" -c worker -- python3 -c '
import urllib.request
found = {"Worker_BytesReadCache": 0, "Worker_BytesReadPerUfs": 0}
for line in urllib.request.urlopen("http://localhost:30000/metrics/prometheus/", timeout=10).read().decode().splitlines():
    name, _, value = line.rpartition(" ")
    for wanted in found:
        if name.startswith(wanted + "_") and not name.startswith(wanted + "Throughput"):
            found[wanted] += int(float(value))
print(*found.values())'
    done | awk '{cache += $1; below += $2} END {print cache, below}'
}
