. ../../support/lib.sh
. ../../support/backups.sh
on_master() { k exec lake-master-0 -c master -- "$@"; }
in_hdfs() { k exec namenode -- hdfs dfs -test -e "${1#hdfs://namenode:8020}"; }

echo "folders in folders"
on_master sh -c 'mkdir -p /tmp/deep/a/b/c; for i in $(seq 20); do echo "$i" > "/tmp/deep/a/b/c/$i"; done'
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/deep /deep

echo "a backup below the root mount"
back_up lake raw
raw=$(of raw file.location)
[[ "$raw" = hdfs://namenode:8020/warehouse/.alluxio-backups/* ]] || fail "it is at $raw"
in_hdfs "$raw" || fail "HDFS has no $raw"

echo "a backup in a volume, and Alluxio's own file goes from HDFS"
back_up lake exported '"destination": {"volume": {"claimName": "backups"}}'
stored() { [ "$(k get alluxiobackup exported -o jsonpath="{.status.conditions[?(@.type=='BackupStored')].status}")" = True ]; }
within 60 stored
if k exec namenode -- hdfs dfs -ls -R /warehouse/.alluxio-backups | has /exported-; then fail "Alluxio's own file is still there"; fi

echo "at the end of its time the files of a backup go, and those of others stay"
back_up lake brief '"ttlSecondsAfterFinished": 60'
brief=$(of brief file.location)
gone() { ! k get alluxiobackup brief >/dev/null 2>&1; }
within 120 gone
if in_hdfs "$brief"; then fail "HDFS still has $brief"; fi
in_hdfs "$raw" || fail "$raw is gone, too"
