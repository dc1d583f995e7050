. ../../support/lib.sh
workers() { k get pods -l app.kubernetes.io/name=presto,app.kubernetes.io/component=worker --no-headers; }
gone() { [ "$(workers | wc -l)" = 1 ]; }
active() { [ "$(presto queries .status.workers.active)" = 1 ]; }
k scale presto queries --replicas=1
began=$SECONDS
within 40 active
echo "no more work for it after $((SECONDS - began)) s"
within 90 gone
echo "an idle worker was gone after $((SECONDS - began)) s"
k scale presto queries --replicas=2
presto_ready queries
