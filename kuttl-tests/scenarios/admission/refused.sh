. ../../support/lib.sh
STORY=$NAMESPACE
LIMITS=$STORY-limits POLICY=$STORY-policy CLASS=$STORY-class VOLUMES=$STORY-volumes

# Removes what belongs to no namespace, also after a failure.
cleanup() {
    kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy,priorityclass,persistentvolume \
        -l "story=$STORY" --wait=false >/dev/null
}
trap cleanup EXIT

# in_story NAMESPACE KIND NAME PATCH: creates a resource from its file, changed by a patch.
in_story() {
    kubectl patch --local --type merge -f "$2.yaml" -p "{\"metadata\":{\"name\":\"$3\"},\"spec\":$4}" -o yaml |
        kubectl apply --namespace "$1" -f - >/dev/null
}

# said NAMESPACE KIND NAME CONDITION REASON WORDS...: whether a condition has the reason, and all words in its message.
said() {
    local namespace=$1 kind=$2 name=$3 type=$4 reason=$5 found message words
    shift 5
    found=$(kubectl get "$kind" "$name" --namespace "$namespace" -o "jsonpath={range .status.conditions[?(@.type=='$type')]}{.reason}{'\n'}{.message}{end}")
    [ "${found%%$'\n'*}" = "$reason" ] || return 1
    message=${found#*$'\n'}
    for words in "$@"; do
        has -F -- "$words" <<<"$message" || return 1
    done
}

# explained NAMESPACE KIND NAME CONDITION REASON WORDS...: waits for that within a minute after the resource's creation.
explained() {
    local born age
    born=$(date -d "$(kubectl get "$2" "$3" --namespace "$1" -o jsonpath='{.metadata.creationTimestamp}')" +%s)
    age=$(($(date +%s) - born))
    within $((60 - age)) said "$@" || fail "$2 $3: $4 isn't explained: $(kubectl get "$2" "$3" --namespace "$1" -o jsonpath='{.status.conditions}')"
    age=$(($(date +%s) - born))
    echo "$age s: $2 $3, $4=False $5: $(kubectl get "$2" "$3" --namespace "$1" -o "jsonpath={.status.conditions[?(@.type=='$4')].message}")"
}

# refused NAMESPACE KIND NAME CONDITION WORDS...: the same of a pod that the API server rejects.
refused() { explained "${@:1:4}" PodsRefused "${@:5}"; }

# healed NAMESPACE KIND NAME CONDITION: whether its pods are rejected no longer.
healed() { ! said "$@" PodsRefused; }

# new_class ROLE: creates the class that a role names.
new_class() {
    kubectl create priorityclass "$STORY-$1" --value=10 >/dev/null
    kubectl label priorityclass "$STORY-$1" "story=$STORY" >/dev/null
}

# gone NAMESPACE KIND NAME...: deletes resources that have shown what they were for, so that their pods take no time.
gone() { kubectl delete "$2" --namespace "$1" "${@:3}" --wait=false >/dev/null; }

echo "what rejects pods comes first"
bash ./namespaces.sh create >/dev/null
sed "s/STORY/$STORY/g" causes.yaml | kubectl apply -f - >/dev/null
in_force() {
    local answer
    answer=$(kubectl run probe --namespace "$POLICY" --image=none --labels=app.kubernetes.io/component=master --dry-run=server 2>&1 || true)
    has "pods need a label cost-center" <<<"$answer"
}
within 30 in_force

cpu='"resources":{"requests":{"cpu":"100m"},"limits":{"cpu":"500m"}}'
mesh='"podLabels":{"sidecar.istio.io/inject":"false"},"podAnnotations":{"sidecar.istio.io/inject":"false"}'
in_story "$STORY" cluster lake "{\"masters\":{$cpu},\"workers\":{$cpu}}"
in_story "$STORY" cluster bare '{}'
in_story "$STORY" presto queries '{}'
in_story "$LIMITS" cluster lake "{\"masters\":{$cpu}}"
in_story "$POLICY" cluster lake '{}'
in_story "$POLICY" presto queries '{}'
in_story "$CLASS" cluster lake "{\"masters\":{$mesh,\"priorityClassName\":\"$STORY-masters\"},\"workers\":{\"priorityClassName\":\"$STORY-workers\"}}"
in_story "$CLASS" presto queries "{\"coordinator\":{\"priorityClassName\":\"$STORY-coordinator\"}}"
in_story "$VOLUMES" cluster lake "{\"masters\":{\"journal\":{\"storage\":{\"storageClassName\":\"$STORY\"}}}}"
in_story "$VOLUMES" presto queries '{"coordinator":{"volumes":[{"name":"keys","secret":{"secretName":"late"}}],"volumeMounts":[{"name":"keys","mountPath":"/keys"}]}}'

echo "a class that doesn't exist: the journal's Job, a coordinator"
refused "$CLASS" alx lake JournalInitialized "no PriorityClass with name $STORY-masters was found" "change spec.masters.priorityClassName"
refused "$CLASS" presto queries CoordinatorServing "no PriorityClass with name $STORY-coordinator was found" "change spec.coordinator.priorityClassName"
new_class masters
gone "$CLASS" presto queries

echo "a quota that wants CPU limits: the journal's Job, a coordinator"
refused "$STORY" alx bare JournalInitialized "failed quota: team: must specify limits.cpu" "Set spec.masters.resources.limits.cpu"
refused "$STORY" presto queries CoordinatorServing "failed quota: team: must specify limits.cpu" "Set spec.coordinator.resources.limits.cpu"
gone "$STORY" presto queries

echo "a limit range below what the masters ask for"
refused "$LIMITS" alx lake JournalInitialized "maximum cpu usage per Container is 200m, but limit is 500m" "Change spec.masters.resources"

echo "a policy, after a journal's Job that it admits"
refused "$POLICY" presto queries CoordinatorServing "pods need a label cost-center" "with the fields of spec.coordinator"
refused "$POLICY" alx lake MastersServing "pods need a label cost-center" "with the fields of spec.masters"
refused "$POLICY" alx lake WorkersRegistered "pods need a label cost-center" "with the fields of spec.workers"
gone "$POLICY" alx lake

echo "a volume on which only root may write"
explained "$VOLUMES" alx lake JournalInitialized CrashLoopBackOff "Permission denied" "spec.security"
gone "$VOLUMES" alx lake

echo "a class that doesn't exist: the workers, after the masters' class has come"
metadata=$(kubectl get job --namespace "$CLASS" -l app.kubernetes.io/instance=lake -o jsonpath='{.items[0].spec.template.metadata}')
[ "$(grep -o '"sidecar.istio.io/inject":"false"' <<<"$metadata" | wc -l)" = 2 ] || fail "the journal's Job lacks the masters' label or annotation: $metadata"
within 60 said "$CLASS" alx lake WorkersRegistered PodsRefused "no PriorityClass with name $STORY-workers was found" "change spec.workers.priorityClassName"
new_class workers

echo "a quota of one pod: all containers name their limits, and the second pod has no room"
no_room() { said "$STORY" alx lake "$1" PodsRefused "exceeded quota: team" "pods=1" "Raise this ResourceQuota"; }
either() { no_room MastersServing || no_room WorkersRegistered; }
within 60 either
kubectl get alx lake --namespace "$STORY" -o "jsonpath={range .status.conditions[?(@.reason=='PodsRefused')]}{.type}: {.message}{'\n'}{end}"
gone "$STORY" alx lake bare

echo "what needs no other spec heals by itself, and the rest by following the message"
kubectl patch limitrange small --namespace "$LIMITS" --type merge -p '{"spec":{"limits":[{"type":"Container","max":{"cpu":"1"}}]}}' >/dev/null
kubectl patch presto queries --namespace "$POLICY" --type merge -p '{"spec":{"coordinator":{"podLabels":{"cost-center":"lake"}}}}' >/dev/null
within 60 healed "$POLICY" presto queries CoordinatorServing
gone "$POLICY" presto queries

echo "a Secret of a volume that doesn't exist"
explained "$VOLUMES" presto queries ReferencesResolved SecretMissing "Secret late doesn't exist, but spec.coordinator.volumes[keys] refers to it"
kubectl create secret generic late --namespace "$VOLUMES" --from-literal=key=value >/dev/null
within 60 healed "$LIMITS" alx lake JournalInitialized
gone "$LIMITS" alx lake
NAMESPACE=$CLASS
cluster_ready lake 120
echo "$(($(date +%s) - $(date -d "$(k get alx lake -o jsonpath='{.metadata.creationTimestamp}')" +%s))) s: alx lake is Ready"
# The kubelet tries again after up to two minutes.
mounted() { ! said "$VOLUMES" presto queries ReferencesResolved SecretMissing; }
within 125 mounted
