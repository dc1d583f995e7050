# presto-demo.sh CLUSTER: a table through Alluxio, by the Presto of the same name, and what the cache has to do with it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
name=$1
presto_ready "$name" 240
k get presto "$name"
sql_pod "$name"
table=hive.demo.orders
# The metastore's first call makes its own tables, for which Presto may not have the patience.
within 90 sql query "CREATE SCHEMA IF NOT EXISTS hive.demo WITH (location = 'alluxio:///demo')" >/dev/null
sql query "DROP TABLE IF EXISTS $table" >/dev/null
sql query "CREATE TABLE $table WITH (format = 'ORC') AS SELECT * FROM tpch.tiny.orders" >/dev/null
# Out of the cache, so that the first query has to go below it.
alluxio "$name" fs free /demo >/dev/null
for turn in first second; do
    read -r cache below < <(read_from "$name")
    began=$(date +%s%N)
    answer=$(sql query "SELECT count(*), sum(totalprice) FROM $table")
    took=$((($(date +%s%N) - began) / 1000000))
    read -r cache_after below_after < <(read_from "$name")
    echo "$turn query: $answer, $took ms, $((cache_after - cache)) bytes from the cache, $((below_after - below)) from below it"
done
[ "$((below_after - below))" = 0 ] || fail "the second query read from below the cache"
[ "$((cache_after - cache))" -gt 0 ] || fail "the second query read nothing from the cache"
