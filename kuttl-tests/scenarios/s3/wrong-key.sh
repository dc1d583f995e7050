. ../../support/lib.sh
right=$(k get secret lake-keys -o jsonpath='{.data.AWS_SECRET_ACCESS_KEY}')
k create secret generic rotated --from-literal=user=lake --from-literal=password=wrong

echo "a change of the Secret's name and keys restarts who opens the bucket"
k patch alx lake --type merge -p '{"spec":{"rootMount":{"s3":{"credentials":{"secretName":"rotated","accessKeyIdKey":"user","secretAccessKeyKey":"password"}}}}}'
denied() { condition lake MastersServing message | has -E '403|Forbidden|SignatureDoesNotMatch'; }
within 120 denied
condition lake MastersServing message

echo "with the right key it is as before"
k patch secret rotated --type merge -p "{\"data\":{\"password\":\"$right\"}}"
uid() { k get pod lake-master-0 -o jsonpath='{.metadata.uid}'; }
before=$(uid)
k annotate alx lake --overwrite alluxio-operator.io/restart-master=again alluxio-operator.io/restart-worker=again
# A master that crashes reads the Secret at its next start: Ready may be true before the rollout begins.
replaced() { [ "$(uid)" != "$before" ]; }
within 90 replaced
cluster_ready lake
alluxio lake fs ls / | has through || fail "the file is gone"
roundtrip lake
