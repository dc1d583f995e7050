. ../../support/lib.sh
roundtrip small
alluxio small fs mkdir /probe

logged() { k exec deploy/small-logserver -- sh -c 'ls /opt/alluxio/logs/master/*.log /opt/alluxio/logs/worker/*.log'; }
# A role sends what it says once it has reached the log server, and an idle worker says nothing: one that came up before the
# log server is started anew, so that it has something to say.
within 10 logged || {
    k delete pod small-worker-0 --wait >/dev/null
    k wait pod/small-worker-0 --for=condition=Ready --timeout=90s
    within 90 logged
    cluster_ready small 90
}
logged
