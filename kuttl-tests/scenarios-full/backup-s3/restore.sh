. ../../support/lib.sh
. ../../support/backups.sh
. ./s3.sh
# S3 has no modes: Alluxio gives a folder the default one when it compares it with the bucket (docs/backup.md).
listed() { names "$1" /deep | sed 's/^d[rwx-]\{9\}/d/'; }
before=$(listed lake)
[ "$(grep -c ' /deep/a/b/c/' <<<"$before")" = 20 ] || fail "the cluster has other files: $before"

echo "a new cluster has the names of the old one"
in_place_of lake restored.yaml restored raw
after=$(listed restored)
[ "$before" = "$after" ] || fail "the names differ: $(diff <(echo "$before") <(echo "$after"))"
alluxio restored fs cat /deep/a/b/c/7 | has -x 7 || fail "a restored file can't be read"

echo "a cluster that serves deletes what has expired, which the test restores didn't"
expired() { lacks_object extra expired; }
within 60 expired
has_object extra without || fail "the other file is gone, too"
