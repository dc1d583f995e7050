. ../../support/lib.sh
told() { presto_condition queries AlluxioConnected reason | has ClusterNotFound; }
within 30 told
[ -z "$(k get deployments -o name)" ] || fail "something was made before the cluster was known"
