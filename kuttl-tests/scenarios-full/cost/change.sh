. ../../support/lib.sh
field() { k get alx small -o "jsonpath={.status.$1}"; }
# used ROLE FIELD: of the last change.
used() { field "history[-1:].usage.roles[?(@.role=='$1')].$2"; }
# in_mi QUANTITY
in_mi() { awk -v q="$1" 'BEGIN {n = q + 0; print int(q ~ /Gi$/ ? n * 1024 : n)}'; }
# near WHAT ONE OTHER: neither is more than a quarter and 20 above the other.
near() { awk -v a="$2" -v b="$3" 'BEGIN {exit !(a <= b * 1.25 + 20 && b <= a * 1.25 + 20)}' || fail "$1: $2 and $3"; }
top() { k top pods "$@" --no-headers; }
# Pods of the journal's Job are gone by then.
all_measured() { [ "$(top -l app.kubernetes.io/instance=small | wc -l)" = "$(k get pods -l app.kubernetes.io/instance=small --field-selector status.phase=Running --no-headers | wc -l)" ]; }
settled() { [ "$(field observedGeneration)" = "$1" ] && [ "$(field phase)" = Ready ]; }
changed() { k patch alx small --type merge -p "{\"spec\":{\"workers\":{\"properties\":{\"alluxio.worker.free.space.timeout\":\"$1\"}}}}"; }
worker=app.kubernetes.io/instance=small,app.kubernetes.io/component=worker

kubectl get --raw /apis/metrics.k8s.io/v1beta1 >/dev/null || fail "metrics.k8s.io isn't served: make cluster METRICS=1"
within 90 all_measured
# What was used in the minute of the start is no measure of what is used at rest.
sleep 30
k top pods --containers
before=$(top -l "$worker" | awk '{print $3}')
changed 20s
within 120 settled "$(k get alx small -o jsonpath='{.metadata.generation}')"
measured() { [ -n "$(used worker cpuPeak)" ] && [ -n "$(used jobworker memoryPeak)" ]; }
# Its last moments are measured when it is over.
within 60 measured || { k get alx small -o jsonpath='{.status.history[-1:]}'; fail "nobody measured the worker"; }
k get alx small -o jsonpath='{range .status.history[-1:].usage.roles[*]}{.role} cpu {.cpuBefore} {.cpuPeak} memory {.memoryBefore} {.memoryPeak}{"\n"}{end}'
near "the workers' memory before, by kubectl top and in the history" "$(in_mi "$before")" \
    "$(($(in_mi "$(used worker memoryBefore)") + $(in_mi "$(used jobworker memoryBefore)")))"
[ -n "$(used master cpuBefore)" ] || fail "what the master used before isn't known"
# A worker that starts costs more than one at rest.
[ "$(used worker cpuPeak | tr -d m)" -gt "$(used worker cpuBefore | tr -d m)" ] || fail "the start of a worker costs no CPU"
[ -z "$(field 'history[-1:].usage.unavailable')" ] || fail "it says that nobody measures"

# The last measurement of the change is waited for up to 75 s; from then on a steady cluster is written no more.
sleep 60
version=$(k get alx small -o jsonpath='{.metadata.resourceVersion}')
sleep 45
[ "$(k get alx small -o jsonpath='{.metadata.resourceVersion}')" = "$version" ] || fail "a cluster at rest was written"
