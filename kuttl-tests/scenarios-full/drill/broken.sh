. ./lib.sh
echo "through Alluxio: one file goes, another one is replaced"
alluxio small fs rm /many/1
alluxio small fs rm /many/2
alluxio small fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/over /many/2
drill changed small 1000
[ "$(of changed phase)" = Completed ] || fail "a change through Alluxio is no fault"
[ "$(of changed files.changed) $(of changed files.matched)" = "2 199" ] || fail "2 files have changed"

echo "behind its back: one file is lost, another one is overwritten"
on_master sh -c 'rm /mnt/ufs/many/3; echo other > /mnt/ufs/many/4'
drill broken small 1000
[ "$(of broken phase) $(of broken passed) $(of broken reason)" = "Failed false FilesMissing" ] || fail "the drill should have failed"
[ "$(of broken files.missing) $(of broken files.different) $(of broken files.changed)" = "1 1 2" ] || fail "1 is missing, 1 is different"
of broken examples | has -F /many/3 || fail "the lost file isn't named"
nothing_left small

echo "a drill that is deleted midway leaves nothing"
k apply -f - <<DRILL
apiVersion: alluxio-operator.io/v1alpha1
kind: AlluxioDrill
metadata: {name: midway}
spec: {clusterRef: {name: small}}
DRILL
begun() { k get alx -o name | has -- small-drill-; }
within 60 begun
k delete alluxiodrill midway --wait
gone() { (nothing_left small) 2>/dev/null; }
within 120 gone
