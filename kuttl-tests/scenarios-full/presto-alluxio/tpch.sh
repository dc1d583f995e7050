. ../../support/lib.sh
logs=$(mktemp -d)
sql query "CREATE SCHEMA hive.tpch WITH (location = 'alluxio:///tpch')" >/dev/null
sql query "CREATE SCHEMA hive.straight WITH (location = 'file:/mnt/ufs/straight')" >/dev/null
for table in lineitem orders customer part partsupp supplier nation region; do
    sql query "CREATE TABLE hive.tpch.$table WITH (format = 'ORC') AS SELECT * FROM tpch.tiny.$table" >/dev/null
    columns=$(sql query "SELECT array_join(array_agg(column_name || ' ' || data_type ORDER BY ordinal_position), ', ')
        FROM hive.information_schema.columns WHERE table_schema = 'tpch' AND table_name = '$table'")
    sql query "CREATE TABLE hive.straight.$table ($columns) WITH (format = 'ORC', external_location = 'file:/mnt/ufs/tpch/$table')" >/dev/null
done
k exec -i sql -- sh -c 'cat >/dev/shm/tpch.sql' <"$SUPPORT/tpch.sql"
run() { sql script /dev/shm/tpch.sql "$1"; }
alluxio small fs free /tpch >/dev/null
run hive.tpch >"$logs/cold.log"
run hive.tpch >"$logs/warm.log"
run hive.straight >"$logs/straight.log"
paste "$logs/cold.log" "$logs/warm.log" "$logs/straight.log"
digests() { awk '{print $1, $3, $4}' "$1"; }
[ "$(wc -l <"$logs/cold.log")" = 22 ] || fail "not all of the 22 queries were answered"
[ "$(digests "$logs/cold.log")" = "$(digests "$logs/straight.log")" ] || fail "results through Alluxio (cold) differ from those straight"
[ "$(digests "$logs/warm.log")" = "$(digests "$logs/straight.log")" ] || fail "results through Alluxio (warm) differ from those straight"
sum() { awk '{s += $2} END {print s}' "$1"; }
echo "seconds for 22 queries: cold $(sum "$logs/cold.log"), warm $(sum "$logs/warm.log"), straight $(sum "$logs/straight.log")"
sql query 'SELECT DISTINCT "$path" FROM hive.straight.nation' | has '^file:' || fail "straight isn't"
