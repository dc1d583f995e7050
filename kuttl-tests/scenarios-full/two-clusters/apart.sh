. ../../support/lib.sh
alluxio left fs mkdir /of-the-left
alluxio right fs mkdir /of-the-right
alluxio left fs ls / | has of-the-right && fail "the clusters share a name space"
k delete alx left
gone() { [ -z "$(k get pods -l app.kubernetes.io/instance=left -o name)" ]; }
within 90 gone
alluxio right fs ls / | grep of-the-right || fail "deleting one cluster hurt the other"
as_specified alx right || fail "the other cluster isn't Ready"
