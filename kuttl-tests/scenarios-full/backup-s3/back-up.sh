. ../../support/lib.sh
. ../../support/backups.sh
. ./s3.sh
on_master() { k exec lake-master-0 -c master -- "$@"; }
secret() { k get secret lake-keys -o jsonpath="{.data.$1}" | base64 -d; }
waiting_pod "$NAMESPACE" s3-reader localhost/alluxio-operator/base:bookworm
k wait pod/s3-reader --for=condition=Ready --timeout=60s >/dev/null

echo "folders in folders, and a nested mount with a file whose time to live is over"
on_master sh -c 'mkdir -p /tmp/deep/a/b/c; for i in $(seq 20); do echo "$i" > "/tmp/deep/a/b/c/$i"; done; echo kept > /tmp/kept'
# Alluxio creates no folder below a prefix that has no object yet.
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/kept /first
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/deep /deep
options=$(printf -- '--option %s ' "s3a.accessKeyId=$(secret AWS_ACCESS_KEY_ID)" alluxio.underfs.s3.endpoint=http://s3:9000 \
    alluxio.underfs.s3.region=eu-lab-1 alluxio.underfs.s3.disable.dns.buckets=true alluxio.underfs.s3.inherit.acl=false)
# shellcheck disable=SC2086
alluxio lake fs mount $options --option "s3a.secretKey=$(secret AWS_SECRET_ACCESS_KEY)" /nested s3://extra/
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/kept /nested/expired
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/kept /nested/without
alluxio lake fs setTtl --action delete /nested/expired 1
sleep 2
before=$(in_bucket extra)
[ "$(wc -l <<<"$before")" -ge 2 ] || fail "the nested mount has other files: $before"
unchanged() { [ "$(in_bucket extra)" = "$before" ] || fail "the nested mount was $before and is $(in_bucket extra)"; }

echo "a backup below the root mount"
back_up lake raw
raw=$(of raw file.location)
[[ "$raw" = s3://lake/warehouse/.alluxio-backups/* ]] || fail "it is at $raw"
has_object lake "${raw#s3://lake/}" || fail "the bucket has no $raw"
unchanged

echo "a backup elsewhere in the bucket: its Job reaches the storage of the nested mount"
back_up lake exported '"destination": {"s3": {"bucket": "lake", "folder": "exported", "endpoint": "http://s3:9000", "region": "eu-lab-1", "pathStyle": true, "credentials": {"secretName": "lake-keys"}}}'
has_object lake exported/ || fail "the bucket has no exported backup"
stored() { [ "$(k get alluxiobackup exported -o jsonpath="{.status.conditions[?(@.type=='BackupStored')].status}")" = True ]; }
within 60 stored
unchanged

echo "at the end of its time the files of a backup go, and those of others stay"
back_up lake brief '"ttlSecondsAfterFinished": 60'
brief=$(of brief file.location)
gone() { ! k get alluxiobackup brief >/dev/null 2>&1; }
within 120 gone
lacks_object lake "${brief#s3://lake/}" || fail "the bucket still has $brief"
has_object lake "${raw#s3://lake/}" || fail "$raw is gone, too"
unchanged
alluxio lake fs ls /nested | has /nested/expired || fail "the file has expired in the cluster itself"
