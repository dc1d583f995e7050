. ../../support/lib.sh

# refused EXPECTED-TEXT PATCH: the API server itself says no, with a sentence.
refused() {
    local said
    if said=$(k patch alx small --type merge -p "$2" 2>&1); then fail "accepted: $2"; fi
    grep -qF -- "$1" <<<"$said" || fail "expected '$1' but it said: $said"
    echo "refused: $1"
}
said=$(sed 's/^spec:/spec:\n  workerz: {}/' ../../support/cluster.yaml | k apply -f - 2>&1) && fail "an unknown field was accepted"
grep -qF 'unknown field "spec.workerz"' <<<"$said" || fail "$said"
refused 'should match' '{"spec":{"workers":{"tiers":[{"name":"MEM","quota":"12 gigs"}]}}}'
refused 'spec.rootMount.uri' '{"spec":{"rootMount":{"uri":"not-a-path"}}}'
refused "spec.workers.workload can't be changed" '{"spec":{"workers":{"workload":"DaemonSet","replicas":null}}}'
refused "spec.masters.journal.storage.size can't be smaller than the volume" '{"spec":{"masters":{"journal":{"storage":{"size":"500Mi"}}}}}'
refused "spec.rootMount.volume.size can't be smaller than the volume" '{"spec":{"rootMount":{"volume":{"size":"500Mi"}}}}'
refused "spec.rootMount.uri and spec.rootMount.volume can't be changed" '{"spec":{"rootMount":{"uri":"/mnt/other"}}}'
refused 'a spec must not hold credentials' '{"spec":{"properties":{"s3a.secretKey":"x"}}}'
refused 'jvm.heap' '{"spec":{"masters":{"jvm":{"options":["-Xmx4g"]}}}}'
refused 'Unsupported value: "1.8"' '{"spec":{"version":"1.8"}}'
long=$(printf 'n%.0s' $(seq 41))
said=$(sed "s/name: small/name: $long/" ../../support/cluster.yaml | k apply -f - 2>&1) && fail "a name of 41 characters was accepted"
grep -qF 'metadata.name is longer than 40 characters' <<<"$said" || fail "$said"

# What takes a sum or a table is told by one condition; what runs stays as it was.
objects() { k get statefulset,deployment,configmap,service -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\n"}{end}' | sort; }
uids() { k get pods -l app.kubernetes.io/instance=small -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
objects_before=$(objects) uids_before=$(uids)
told() { condition small SpecValid message | has -F -- "$1"; }

k patch alx small --type merge -p '{"spec":{"workers":{"resources":{"limits":{"memory":"600Mi"}},"tiers":[{"name":"MEM","quota":"512Mi"}]}}}'
within 30 told 'spec.workers.resources.limits.memory "600Mi" is too small: heap 256Mi + direct memory 128Mi + overhead'
condition small SpecValid message; echo
told 'tiers in memory 512Mi' || fail "the tier isn't in the sum"
told 'raise it to' || fail "no remedy"
[ "$(k get alx small -o jsonpath='{.status.phase}')" = Invalid ] || fail "the phase doesn't tell"

k patch alx small --type merge -p '{"spec":{"workers":{"resources":null,"tiers":[{"name":"MEM","quota":"256Mi"}]},"properties":{"alluxio.master.rpc.port":"1"}}}'
within 30 told 'spec.properties[alluxio.master.rpc.port] "1" can'"'"'t be set by hand'
condition small SpecValid message; echo

k patch alx small --type merge -p '{"spec":{"properties":null}}'
cluster_ready small 30
[ "$objects_before" = "$(objects)" ] || fail "bad input changed objects: $(diff <(echo "$objects_before") <(objects))"
[ "$uids_before" = "$(uids)" ] || fail "bad input restarted pods"
