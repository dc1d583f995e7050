. ../../support/lib.sh

# in_bucket KEY: the checksum of an object, asked of the server itself.
in_bucket() {
    k exec lake-master-0 -c master -- python3 -c '
import hashlib, sys, urllib.request
print(hashlib.sha256(urllib.request.urlopen(f"http://s3:9001/lake/warehouse/{sys.argv[1]}", timeout=10).read()).hexdigest())' "$1"
}

roundtrip lake

echo "through to the bucket by the worker"
sent=$(k exec lake-master-0 -c master -- sh -c 'head -c 3000000 /dev/urandom > /tmp/sent; sha256sum < /tmp/sent | cut -d" " -f1')
alluxio lake fs copyFromLocal /tmp/sent /through
found=$(in_bucket through)
[ "$sent" = "$found" ] || fail "sent $sent, in the bucket $found"

echo "later by the job worker"
alluxio lake fs -Dalluxio.user.file.writetype.default=ASYNC_THROUGH copyFromLocal /tmp/sent /later
persisted() { [ "$(in_bucket later 2>/dev/null)" = "$sent" ]; }
within 60 persisted

echo "read from the bucket when the cache has it no longer"
alluxio lake fs free /through
back=$(alluxio lake fs cat /through | sha256sum | cut -d' ' -f1)
[ "$sent" = "$back" ] || fail "sent $sent, read $back"

echo "the secret key shows nowhere"
secret=$(k get secret lake-keys -o jsonpath='{.data.AWS_SECRET_ACCESS_KEY}' | base64 -d)
for what in configmap statefulset alx events; do
    if k get "$what" -o yaml | has -F -- "$secret"; then fail "the secret key is in a $what"; fi
done
for pod in lake-master-0 lake-worker-0 lake-jobmaster-0; do
    if k logs "$pod" --all-containers | has -F -- "$secret"; then fail "the secret key is in the log of $pod"; fi
    if k exec "$pod" -- sh -c 'cat /proc/[0-9]*/cmdline' | tr '\0' '\n' | has -F -- "$secret"; then
        fail "the secret key is in a command line of $pod"
    fi
done
[ "$(condition lake ReferencesResolved status)" = True ] || fail "$(condition lake ReferencesResolved message)"
