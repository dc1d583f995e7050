. ../../support/lib.sh
client shrink
trap 'k get alx shrink -o yaml | sed -n "/^status:/,\$p" >&2' ERR

replicas() { k patch alx shrink --type=merge -p "{\"spec\": {\"workers\": {\"replicas\": $1}}}" >/dev/null; }
of() { k get alx shrink -o "jsonpath={.status.$1}"; }
pods() { k get pods -l app.kubernetes.io/instance=shrink,app.kubernetes.io/component=worker -o name | wc -l; }
state() { [ "$(of removal.state)" = "$1" ]; }
no_removal() { [ -z "$(of removal.worker)" ]; }
workers() { [ "$(pods)" = "$1" ] && no_removal && [ "$(of workers.live)" = "$1" ]; }
reason() { [ "$(condition shrink WorkersRemoved reason)" = "$1" ]; }
# hosts FOLDER: the workers that have blocks of its files, with their number.
hosts() {
    at_client "for file in \$(alluxio fs ls -f $1 2>/dev/null | grep -o '$1/.*'); do alluxio fs stat \$file; done 2>/dev/null" |
        grep '^BlockInfo' | grep -o 'host=shrink-worker-[0-9]*' | sort | uniq -c
}
spread="-Dalluxio.user.block.write.location.policy.class=alluxio.client.block.policy.RoundRobinPolicy"

echo "files that only workers have, and files that the UFS has, on all three workers"
at_client "
    mkdir -p /tmp/must /tmp/through && cd /tmp
    for n in 1 2 3 4 5 6 7 8; do head -c \$((2097152 + n)) /dev/urandom > must/m\$n; done
    for n in 1 2 3 4; do head -c \$((1048576 + n)) /dev/urandom > through/t\$n; done
    sha256sum must/* through/* > sums
    alluxio fs $spread -Dalluxio.user.file.writetype.default=MUST_CACHE copyFromLocal /tmp/must/ /must/
    alluxio fs $spread -Dalluxio.user.file.writetype.default=CACHE_THROUGH copyFromLocal /tmp/through/ /through/
" >/dev/null
hosts /must
[ "$(hosts /must | wc -l)" = 3 ] || fail "the files aren't on all workers"

echo "a client reads all of them, again and again"
k exec client -- bash -c "cat > /tmp/read.sh <<'LOOP'
cd /tmp && mkdir -p back
while [ ! -e stop ]; do
    rm -rf back/must back/through
    if alluxio fs -Dalluxio.user.file.readtype.default=NO_CACHE copyToLocal /must /tmp/back/must >out 2>&1 &&
        alluxio fs -Dalluxio.user.file.readtype.default=NO_CACHE copyToLocal /through /tmp/back/through >>out 2>&1 &&
        (cd back && sha256sum --quiet -c ../sums) >>out 2>&1
    then echo good >>rounds
    else date >>failed; cat out >>failed
    fi
done
touch ended
LOOP
nohup bash /tmp/read.sh >/dev/null 2>&1 &"
rounds() { [ "$(k exec client -- sh -c 'wc -l < /tmp/rounds')" -ge "$1" ]; }
within 60 rounds 1
failed() { k exec client -- sh -c 'cat /tmp/failed 2>/dev/null | head -50'; }

echo "what doesn't fit isn't begun"
at_client "
    head -c 50331648 /dev/zero > /tmp/fill
    for n in 1 2 3; do alluxio fs $spread -Dalluxio.user.file.writetype.default=MUST_CACHE copyFromLocal /tmp/fill /fill/f\$n; done
" >/dev/null
replicas 1
within 60 reason NoRoom || fail "the condition is $(condition shrink WorkersRemoved message)"
condition shrink WorkersRemoved message; echo
[ "$(k get statefulset shrink-worker -o jsonpath='{.spec.replicas}')" = 3 ] || fail "the StatefulSet was scaled in"
no_removal || fail "a removal has begun"
replicas 3
at_client 'alluxio fs rm -R /fill' >/dev/null
within 60 reason Idle
cluster_ready shrink 60

echo "a removal that is cancelled half-way gives the worker back"
replicas 2
within 120 state Leaving || fail "no worker leaves: $(condition shrink WorkersRemoved message)"
of removal; echo
[ "$(pods)" = 3 ] || fail "a pod ended before its worker was proven to be empty"
replicas 3
within 180 workers 3 || fail "the worker isn't back: $(condition shrink WorkersRemoved message)"
cluster_ready shrink 120
condition shrink WorkersRemoved message; echo

echo "3 -> 1"
began=$SECONDS
replicas 1
within 300 workers 1 || fail "$(condition shrink WorkersRemoved message)"
cluster_ready shrink 120
echo "two workers were removed in $((SECONDS - began)) s"
k get alx shrink -o jsonpath='{range .status.history[?(@.what=="Decommissioned")]}{.outcome}: {.message}{"\n"}{end}'
proven=$(k get alx shrink -o jsonpath='{range .status.history[?(@.what=="Decommissioned")]}{.message}{"\n"}{end}' | grep -c '0 sole copies')
[ "$proven" -ge 1 ] || fail "the history has no removal"
hosts /must
[ "$(hosts /must | sed 's/.*host=//')" = shrink-worker-0 ] || fail "the files aren't on the worker that stays"

echo "1 -> 3"
replicas 3
within 180 workers 3
cluster_ready shrink 120

at_client 'touch /tmp/stop'
within 60 k exec client -- test -e /tmp/ended
echo "$(k exec client -- sh -c 'wc -l < /tmp/rounds') rounds of reading all 12 files, each with its checksum"
[ -z "$(failed)" ] || { failed; fail "reads failed"; }
at_client '
    mkdir /tmp/last && cd /tmp/last
    alluxio fs copyToLocal /must /tmp/last/must && alluxio fs copyToLocal /through /tmp/last/through
    sha256sum --quiet -c ../sums && echo "all 12 files are as they were written"
'
