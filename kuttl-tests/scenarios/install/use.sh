. ../../support/lib.sh
roundtrip small
alluxio small fs mkdir /probe
k exec deploy/small-logserver -- sh -c 'ls /opt/alluxio/logs/master/*.log /opt/alluxio/logs/worker/*.log'
