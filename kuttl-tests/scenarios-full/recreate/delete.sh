. ../../support/lib.sh
# One thing that only the journal knows, one whose data lies in the UFS.
alluxio small fs mkdir -Dalluxio.user.file.writetype.default=MUST_CACHE /known-to-the-journal-only
k exec small-master-0 -c master -- sh -c 'echo kept > /tmp/kept && alluxio fs copyFromLocal /tmp/kept /kept'
k annotate namespace "$NAMESPACE" journal-uid="$(k get pvc journal-small-master-0 -o jsonpath='{.metadata.uid}')"
k delete alx small --wait
gone() { [ -z "$(k get statefulset,deployment,service,configmap,pods -l app.kubernetes.io/instance=small -o name)" ]; }
within 90 gone
k get pvc journal-small-master-0 small-ufs
logs_gone() { ! k get pvc small-logs; }
within 30 logs_gone || fail "the log server's volume was left behind"
k apply -f ../../support/cluster.yaml
