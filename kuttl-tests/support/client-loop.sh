# One client that writes and reads all the time, in a pod that knows only the client ConfigMap: source it after lib.sh.

# start_loop CLUSTER [read]: start it, and wait until it has written its first files; with `read` it only reads from then on.
start_loop() {
    local cluster=$1 more=${2:+, $2} image
    image=$(k get statefulset "$cluster-master" -o jsonpath='{.spec.template.spec.containers[0].image}')
    k delete pod loop --ignore-not-found --wait >/dev/null
    k apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: loop}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 2
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: loop
    image: $image
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [/opt/alluxio/bin/alluxio, runClass, alluxio.dev.ClientLoop, -Xmx128m, /loop, /tmp/stop$more]
    env: [{name: ALLUXIO_CONF_DIR, value: /etc/alluxio}]
    volumeMounts:
    - {name: conf, mountPath: /etc/alluxio}
    - {name: scratch, mountPath: /tmp}
    - {name: scratch, mountPath: /opt/alluxio/logs, subPath: logs}
  volumes:
  - {name: conf, configMap: {name: $cluster-client}}
  - {name: scratch, emptyDir: {}}
POD
    k wait pod/loop --for=condition=Ready --timeout=60s >/dev/null
    within 60 looping "$cluster"
}

looping() { alluxio "$1" fs ls /loop | has /loop/3; }

# end_loop: end it, print what it said, and leave the counts in FILES, FAILED and LONGEST (seconds).
end_loop() {
    k exec loop -- touch /tmp/stop || { k logs loop --tail=20; fail "the client loop has ended by itself"; }
    k wait pod/loop --for=jsonpath='{.status.phase}'=Succeeded --timeout=90s >/dev/null || { k logs loop --tail=20; fail "the client loop didn't end"; }
    k logs loop | grep -E 'waited|failed' || true
    local last
    last=$(k logs loop | grep 'longest gap' | tail -1)
    read -r FILES FAILED LONGEST < <(sed -E 's/.* ([0-9]+) files .* ([0-9]+) failed, longest gap ([0-9.]+) s/\1 \2 \3/' <<<"$last")
    [ "${FILES:-0}" -gt 0 ] || fail "the client loop says nothing: $last"
    k delete pod loop --wait=false >/dev/null
}
