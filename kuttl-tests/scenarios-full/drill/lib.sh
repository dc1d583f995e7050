. ../../support/lib.sh
of() { k get alluxiodrill "$1" -o jsonpath="{.status.$2}"; }
on_master() { k exec small-master-0 -c master -- "$@"; }
ended() { [ -n "$(of "$1" finished)" ]; }
backed_up() { [ "$(k get alluxiobackup "$1" -o jsonpath='{.status.phase} {.status.verified}')" = "Completed true" ]; }

# back_up NAME CLUSTER: a verified backup.
back_up() {
    k apply -f - <<BACKUP
apiVersion: alluxio-operator.io/v1alpha1
kind: AlluxioBackup
metadata: {name: $1}
spec: {clusterRef: {name: $2}}
BACKUP
    within 180 backed_up "$1"
}

# drill NAME CLUSTER FILES: run a drill to its end, and show it.
drill() {
    k apply -f - <<DRILL
apiVersion: alluxio-operator.io/v1alpha1
kind: AlluxioDrill
metadata: {name: $1}
spec: {clusterRef: {name: $2}, sample: {files: $3}, timeoutSeconds: 300}
DRILL
    within 400 ended "$1" || { k get alx,pods,jobs,pvc; k get alluxiodrill "$1" -o yaml; fail "$1 hasn't ended"; }
    k get alluxiodrill "$1"
    echo "$(of "$1" phase): $(of "$1" summary)"
    echo "restore $(of "$1" restoreSeconds) s, RTO $(of "$1" rtoSeconds) s, RPO $(of "$1" rpoSeconds) s, files $(of "$1" files)"
}

# nothing_left CLUSTER: no object of a throw-away cluster, nor what a finished Job doesn't need.
nothing_left() {
    left=$(k get alx,pvc,statefulset,service,configmap,networkpolicy,serviceaccount -o name | grep -- "$1-drill-" || :)
    left+=$(k get pods -o name | grep -- "$1-drill-" || :)
    [ -z "$left" ] || fail "left behind: $left"
}
