. ../../support/lib.sh
for server in coordinator prestoworker; do
    files() { k exec "deployment/queries-$server" -c "${server#presto}" -- ls "$1"; }
    image=$(files /opt/presto-server/plugin/hive-hadoop2)
    used=$(files /var/lib/alluxio-client/plugin/hive-hadoop2)
    echo "$server: $(wc -l <<<"$image") files in the image's plugin, $(grep alluxio- <<<"$image"); $(grep alluxio- <<<"$used") is used"
    has -x alluxio-shaded-client-312.jar <<<"$image" || fail "$server: the image should have Presto's own client, as the public one does"
    [ "$(grep alluxio- <<<"$used")" = "$(k exec small-master-0 -c master -- ls /opt/alluxio/client)" ] || fail "$server: another client than the cluster's"
    [ "$(grep -v alluxio- <<<"$used")" = "$(grep -v alluxio- <<<"$image")" ] || fail "$server: other jars than the image's"
done
# The emptyDir has one jar; all others are links.
[ "$(k exec deployment/queries-prestoworker -c worker -- find /var/lib/alluxio-client -type f | wc -l)" = 1 ] || fail "jars were copied"
