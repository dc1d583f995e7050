. ../../support/lib.sh
wanted=$(sql query 'SELECT count(*) FROM hive.lab.orders')
hash=$(k get deployment queries-prestoworker -o jsonpath='{.spec.template.metadata.annotations}')
k delete pod small-master-0 small-worker-0 --wait >/dev/null
down() { [ "$(presto_condition queries AlluxioConnected status)" = False ]; }
within 60 down
presto_condition queries AlluxioConnected message; echo
presto_ready queries
[ "$(sql query 'SELECT count(*) FROM hive.lab.orders')" = "$wanted" ] || fail "another count after Alluxio's restart"
[ "$(k get deployment queries-prestoworker -o jsonpath='{.spec.template.metadata.annotations}')" = "$hash" ] || fail "Presto was started anew for it"
