. ../../support/lib.sh
roundtrip small
alluxio small fs mkdir /probe
# A role that started before the log server tries again from time to time.
logged() { k exec deploy/small-logserver -- sh -c 'ls /opt/alluxio/logs/master/*.log /opt/alluxio/logs/worker/*.log'; }
within 60 logged
logged
