. ../../support/lib.sh
logs=$(mktemp -d)
# The windows are a few minutes from now by the clock of another time zone.
zone=Pacific/Kiritimati
at() { TZ=$zone date -d "$1 minutes" '+%-M %-H * * *'; }
cron_start=$(at 2) cron_end=$(at 4)
k patch presto queries --type merge -p "{\"spec\":{\"autoscaling\":{\"minReplicas\":0,\"maxReplicas\":1,\"schedules\":[{\"name\":\"day\",\"timeZone\":\"$zone\",\"start\":\"$cron_start\",\"end\":\"$cron_end\",\"replicas\":1}]}}}"
replicas() { [ "$(k get deployment queries-prestoworker -o jsonpath='{.spec.replicas}')" = "$1" ]; }
within 30 replicas 0
none() { [ -z "$(k get pods -l app.kubernetes.io/name=presto,app.kubernetes.io/component=worker --no-headers 2>/dev/null)" ]; }
within 90 none
k exec -i sql -- env LIMIT=240 python3 - query 'SELECT count(*) FROM tpch.tiny.nation' <"$SUPPORT/presto.py" >"$logs/waited.log" 2>&1 &
waiting=$!
within 150 replicas 1
echo "opened: $(presto queries .status.autoscaling)"
wait "$waiting" || { cat "$logs/waited.log"; fail "the query that waited for the first worker failed"; }
[ "$(cat "$logs/waited.log")" = 25 ] || fail "it found $(cat "$logs/waited.log")"
within 150 replicas 0
echo "closed: $(presto queries .status.autoscaling)"
k patch presto queries --type json -p '[{"op":"remove","path":"/spec/autoscaling"}]'
presto_ready queries
