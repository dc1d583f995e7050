# LAB: location of the schema.
. ../../support/lib.sh
sql_pod queries
sql query "CREATE SCHEMA hive.lab WITH (location = '${LAB:-alluxio:///lab}')" >/dev/null
read -r cache_before _ < <(read_from small)
written_before=$(counter small Cluster_BytesWrittenRemote)
sql query "CREATE TABLE hive.lab.orders WITH (format = 'ORC') AS SELECT * FROM tpch.tiny.orders" >/dev/null
sql query "CREATE TABLE hive.lab.parted WITH (format = 'PARQUET', partitioned_by = ARRAY['orderstatus']) AS
  SELECT orderkey, totalprice, orderstatus FROM tpch.tiny.orders" >/dev/null
[ "$(sql query 'SELECT count(*), count(DISTINCT orderstatus) FROM hive.lab.parted')" = "15000	3" ] || fail "the partitioned table"
sql query 'SELECT DISTINCT "$path" FROM hive.lab.orders' | has -E '^alluxio:(//[^/]+)?/lab/' || fail "the table lies elsewhere"
one=$(sql query 'SELECT sum(totalprice), count(comment) FROM hive.lab.orders')
[ "$one" = "$(sql query 'SELECT sum(totalprice), count(comment) FROM tpch.tiny.orders')" ] || fail "other rows than were written"
read -r cache below < <(read_from small)
written=$(($(counter small Cluster_BytesWrittenRemote) - written_before))
echo "through Alluxio: $written bytes written, $((cache - cache_before)) read from the cache, $below from below it"
[ "$written" -gt 0 ] && [ "$cache" -gt "$cache_before" ] || fail "the cache was passed by"

# Free the cache: then the first query fills it, and the second one finds all data there.
alluxio small fs free /lab >/dev/null
for turn in first second; do
    read -r cache below < <(read_from small)
    [ "$(sql query 'SELECT sum(totalprice), count(comment) FROM hive.lab.orders')" = "$one" ] || fail "other rows in the $turn query"
    read -r cache_after below_after < <(read_from small)
    echo "$turn query: $((cache_after - cache)) bytes from the cache, $((below_after - below)) from below it"
    eval "cache_$turn=$((cache_after - cache)) below_$turn=$((below_after - below))"
done
[ "$below_first" -gt 0 ] || fail "the first query should have gone below the cache"
[ "$cache_second" -gt 0 ] && [ "$below_second" = 0 ] || fail "the second query should have been answered by the cache"
k exec small-master-0 -c master -- sh -c 'ls -R /mnt/ufs/lab/orders | head -5'
