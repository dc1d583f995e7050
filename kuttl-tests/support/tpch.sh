# Tables of TPC-H through Alluxio and past it, for scenarios and the bench: source it after lib.sh.
# hive.tpch is written through the cluster small; hive.straight reads the same files on the volume below it.

# tpch_tables SCALE: make both schemas from the generated tables of a scale, such as tiny.
tpch_tables() {
    local table columns
    sql query "CREATE SCHEMA hive.tpch WITH (location = 'alluxio:///tpch')" >/dev/null
    sql query "CREATE SCHEMA hive.straight WITH (location = 'file:/mnt/ufs/straight')" >/dev/null
    for table in lineitem orders customer part partsupp supplier nation region; do
        sql query "CREATE TABLE hive.tpch.$table WITH (format = 'ORC') AS SELECT * FROM tpch.$1.$table" >/dev/null
        columns=$(sql query "SELECT array_join(array_agg(column_name || ' ' || data_type ORDER BY ordinal_position), ', ')
            FROM hive.information_schema.columns WHERE table_schema = 'tpch' AND table_name = '$table'")
        sql query "CREATE TABLE hive.straight.$table ($columns)
            WITH (format = 'ORC', external_location = 'file:/mnt/ufs/tpch/$table')" >/dev/null
    done
    k exec -i sql -- sh -c 'cat >/dev/shm/tpch.sql' <"$SUPPORT/tpch.sql"
}

# tpch_run SCHEMA: run the 22 queries; a line for each with its seconds and a digest of its rows.
tpch_run() { sql script /dev/shm/tpch.sql "$1"; }

# tpch_forget: out of the cache with all of it.
tpch_forget() { alluxio small fs free /tpch >/dev/null; }
