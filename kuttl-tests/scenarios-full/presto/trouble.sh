. ../../support/lib.sh
logs=$(mktemp -d)
told() { presto_condition queries "$1" message | has -F -- "$2"; }

echo "a catalog whose connector isn't there"
k patch presto queries --type merge -p '{"spec":{"catalogs":[{"name":"tpch","tpch":{"splitsPerNode":2}},{"name":"odd","connector":"nothing"}]}}'
within 150 told CoordinatorServing nothing
presto_condition queries CoordinatorServing message; echo

echo "a Secret that isn't there"
k patch presto queries --type merge -p '{"spec":{"catalogs":[{"name":"tpch","tpch":{"splitsPerNode":2},"propertiesFrom":[{"name":"tpch.column-naming","secretKeyRef":{"name":"late","key":"naming"}}]}]}}'
within 90 told ReferencesResolved 'Secret late'
presto_condition queries ReferencesResolved message; echo
k create secret generic late --from-literal=naming=STANDARD
presto_ready queries
[ "$(sql query 'SELECT count(n_name) FROM tpch.tiny.nation')" = 25 ] || fail "the property from the Secret has no effect"

echo "an image that isn't there"
k patch presto queries --type merge -p '{"spec":{"image":{"tag":"nobody-built-it","pullPolicy":"Never"}}}'
within 150 told CoordinatorServing nobody-built-it
presto_condition queries CoordinatorServing message; echo
k patch presto queries --type json -p '[{"op":"remove","path":"/spec/image/tag"},{"op":"remove","path":"/spec/image/pullPolicy"}]'
presto_ready queries
[ "$(sql query 'SELECT count(*) FROM tpch.tiny.nation')" = 25 ] || fail "no query afterwards"

echo "a cluster that isn't there"
k patch presto queries --type merge -p '{"spec":{"alluxio":{"clusterRef":{"name":"nobody"}}}}'
within 30 told AlluxioConnected 'AlluxioCluster nobody'
[ "$(sql query 'SELECT count(*) FROM tpch.tiny.nation')" = 25 ] || fail "what ran should go on"
k patch presto queries --type json -p '[{"op":"remove","path":"/spec/alluxio"}]'
presto_ready queries

echo "a time zone that isn't one"
k patch presto queries --type merge -p '{"spec":{"autoscaling":{"maxReplicas":2,"schedules":[{"name":"day","timeZone":"Mars/Olympus","start":"0 7 * * *","end":"0 19 * * *","replicas":2}]}}}'
within 30 told SpecValid Mars/Olympus
presto_condition queries SpecValid message; echo
k patch presto queries --type json -p '[{"op":"remove","path":"/spec/autoscaling"}]'
presto_ready queries

echo "the API server's own words"
! k patch presto queries --type merge -p '{"spec":{"catalogs":[{"name":"two","tpch":{},"memory":{}}]}}' 2>"$logs/refused.log" || fail "two connectors in one catalog"
has 'exactly one of' <"$logs/refused.log" || { cat "$logs/refused.log"; fail "another sentence"; }

echo "an engine without a version of it"
! k patch presto queries --type merge -p '{"spec":{"engine":"Trino"}}' 2>"$logs/engine.log" || fail "a version of Presto for Trino"
has 'set spec.version to a version of Trino' <"$logs/engine.log" || { cat "$logs/engine.log"; fail "another sentence"; }
