. ../../support/lib.sh

in_hdfs() { k exec namenode -- hdfs dfs -cat "/warehouse/$1" | sha256sum | cut -d' ' -f1; }

roundtrip lake

echo "through to HDFS by the worker"
sent=$(k exec lake-master-0 -c master -- sh -c 'head -c 3000000 /dev/urandom > /tmp/sent; sha256sum < /tmp/sent | cut -d" " -f1')
alluxio lake fs copyFromLocal /tmp/sent /through
found=$(in_hdfs through)
[ "$sent" = "$found" ] || fail "sent $sent, in HDFS $found"

echo "later by the job worker"
alluxio lake fs -Dalluxio.user.file.writetype.default=ASYNC_THROUGH copyFromLocal /tmp/sent /later
persisted() { [ "$(in_hdfs later 2>/dev/null)" = "$sent" ]; }
within 60 persisted

echo "what others put into HDFS is read through Alluxio"
k exec namenode -- sh -c 'echo from outside | hdfs dfs -put - /warehouse/outside'
[ "$(alluxio lake fs cat /outside)" = "from outside" ] || fail "it isn't what was put there"

echo "read from HDFS when the cache has it no longer"
alluxio lake fs free /through
back=$(alluxio lake fs cat /through | sha256sum | cut -d' ' -f1)
[ "$sent" = "$back" ] || fail "sent $sent, read $back"
