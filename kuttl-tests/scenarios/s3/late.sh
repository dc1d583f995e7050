. ../../support/lib.sh
told() { condition lake ReferencesResolved message | has -F -- "$1"; }

echo "a missing Secret is named, with the field that asks for it"
within 90 told "Secret lake-keys doesn't exist, but spec.rootMount.s3.credentials refers to it: create it in namespace $NAMESPACE"
condition lake ReferencesResolved message; echo
[ "$(condition lake ReferencesResolved reason)" = SecretMissing ] || fail "the reason is another"
[ "$(k get alx lake -o jsonpath='{.status.phase}')" = Installing ] || fail "the phase is another"
pods=$(k get pods -l app.kubernetes.io/name=alluxio -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)

echo "a missing key is named"
k create secret generic lake-keys --from-literal=AWS_ACCESS_KEY_ID=lake
within 90 told "Secret lake-keys has no key AWS_SECRET_ACCESS_KEY"
condition lake ReferencesResolved message; echo

echo "and once it is there the cluster gets Ready by itself, with the same pods"
key=$(k get secret server-keys -o jsonpath='{.data.AWS_SECRET_ACCESS_KEY}')
k patch secret lake-keys --type merge -p "{\"data\":{\"AWS_SECRET_ACCESS_KEY\":\"$key\"}}"
cluster_ready lake 180
[ "$(condition lake ReferencesResolved status)" = True ] || fail "$(condition lake ReferencesResolved message)"
now=$(k get pods -l app.kubernetes.io/name=alluxio -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)
[ -z "$(comm -23 <(echo "$now") <(echo "$pods"))" ] || fail "pods were made anew"
