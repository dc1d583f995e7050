. ../../support/lib.sh
alluxio small fs ls / | tee /dev/stderr | has known-to-the-journal-only || fail "the journal was not kept"
[ "$(alluxio small fs cat /kept)" = kept ] || fail "the data was not kept"
[ "$(k get pvc journal-small-master-0 -o jsonpath='{.metadata.uid}')" = "$(k get namespace "$NAMESPACE" -o jsonpath='{.metadata.annotations.journal-uid}')" ] || fail "another volume"
