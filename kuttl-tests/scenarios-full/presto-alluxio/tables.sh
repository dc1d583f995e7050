. ../../support/lib.sh
sql_pod queries
sql query "CREATE SCHEMA hive.lab WITH (location = 'alluxio:///lab')" >/dev/null
read_before=$(( $(counter small Cluster_BytesReadRemote) + $(counter small Cluster_BytesReadLocal) ))
written_before=$(counter small Cluster_BytesWrittenRemote)
sql query "CREATE TABLE hive.lab.orders WITH (format = 'ORC') AS SELECT * FROM tpch.tiny.orders" >/dev/null
sql query "CREATE TABLE hive.lab.parted WITH (format = 'PARQUET', partitioned_by = ARRAY['orderstatus']) AS
  SELECT orderkey, totalprice, orderstatus FROM tpch.tiny.orders" >/dev/null
[ "$(sql query 'SELECT count(*), count(DISTINCT orderstatus) FROM hive.lab.parted')" = "15000	3" ] || fail "the partitioned table"
sql query 'SELECT DISTINCT "$path" FROM hive.lab.orders' | has '^alluxio://' || fail "the table lies elsewhere"
one=$(sql query 'SELECT sum(totalprice), count(comment) FROM hive.lab.orders')
[ "$one" = "$(sql query 'SELECT sum(totalprice), count(comment) FROM tpch.tiny.orders')" ] || fail "other rows than were written"
# Workers send their counters with a heartbeat.
grew() {
    [ "$(counter small Cluster_BytesWrittenRemote)" -gt "$written_before" ] &&
        [ $(( $(counter small Cluster_BytesReadRemote) + $(counter small Cluster_BytesReadLocal) )) -gt "$read_before" ]
}
within 40 grew
echo "written through Alluxio: $(( $(counter small Cluster_BytesWrittenRemote) - written_before )) bytes"
echo "read through Alluxio: $(( $(counter small Cluster_BytesReadRemote) + $(counter small Cluster_BytesReadLocal) - read_before )) bytes"
k exec small-master-0 -c master -- sh -c 'ls -R /mnt/ufs/lab/orders | head -5'
