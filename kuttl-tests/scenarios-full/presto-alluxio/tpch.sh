. ../../support/lib.sh
sql query "CREATE SCHEMA hive.tpch WITH (location = 'alluxio:///tpch')" >/dev/null
sql query "CREATE SCHEMA hive.straight WITH (location = 'file:/mnt/ufs/straight')" >/dev/null
for table in lineitem orders customer part partsupp supplier nation region; do
    sql query "CREATE TABLE hive.tpch.$table WITH (format = 'ORC') AS SELECT * FROM tpch.tiny.$table" >/dev/null
    columns=$(sql query "SELECT array_join(array_agg(column_name || ' ' || data_type ORDER BY ordinal_position), ', ')
        FROM hive.information_schema.columns WHERE table_schema = 'tpch' AND table_name = '$table'")
    sql query "CREATE TABLE hive.straight.$table ($columns) WITH (format = 'ORC', external_location = 'file:/mnt/ufs/tpch/$table')" >/dev/null
done
k cp ../../support/tpch.sql sql:/tmp/tpch.sql 2>/dev/null || k exec -i sql -- sh -c 'cat >/dev/shm/tpch.sql' <../../support/tpch.sql
run() { sql script /dev/shm/tpch.sql "$1"; }
alluxio small fs free /tpch >/dev/null
run hive.tpch >cold.log
run hive.tpch >warm.log
run hive.straight >straight.log
paste cold.log warm.log straight.log
digests() { awk '{print $1, $3, $4}' "$1"; }
[ "$(wc -l <cold.log)" = 22 ] || fail "not all of the 22 queries were answered"
[ "$(digests cold.log)" = "$(digests straight.log)" ] || fail "results through Alluxio (cold) differ from those straight"
[ "$(digests warm.log)" = "$(digests straight.log)" ] || fail "results through Alluxio (warm) differ from those straight"
sum() { awk '{s += $2} END {print s}' "$1"; }
echo "seconds for 22 queries: cold $(sum cold.log), warm $(sum warm.log), straight $(sum straight.log)"
sql query 'SELECT DISTINCT "$path" FROM hive.straight.nation' | has '^file:' || fail "straight isn't"
