. ../../support/lib.sh
right=$(k get secret lake-keys -o jsonpath='{.data.AWS_SECRET_ACCESS_KEY}')
k create secret generic rotated --from-literal=user=lake --from-literal=password=wrong

echo "a change of the Secret's name and keys restarts who opens the bucket"
k patch alx lake --type merge -p '{"spec":{"rootMount":{"s3":{"credentials":{"secretName":"rotated","accessKeyIdKey":"user","secretAccessKeyKey":"password"}}}}}'
denied() { condition lake MastersServing message | has -E '403|Forbidden|SignatureDoesNotMatch'; }
within 60 denied
condition lake MastersServing message

echo "with the right key it is as before"
k patch secret rotated --type merge -p "{\"data\":{\"password\":\"$right\"}}"
k annotate alx lake --overwrite alluxio-operator.io/restart-master=again alluxio-operator.io/restart-worker=again
ready() { [ "$(k get alx lake -o jsonpath='{.status.phase}')" = Ready ]; }
within 120 ready
alluxio lake fs ls / | has through || fail "the file is gone"
roundtrip lake
