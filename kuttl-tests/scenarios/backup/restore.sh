. ../../support/lib.sh
# The share of a file in the cache isn't part of its name.
names() { alluxio "$1" fs ls -R /many | awk '{print $1, $2, $3, $4, $5, $6, $7, $NF}' | sed 's/ [0-9]*% / /' | sort; }
of() { k get alx restored -o jsonpath="{.status.restore.$1}"; }

before=$(names small)
[ "$(wc -l <<< "$before")" = 30 ] || fail "the cluster has other files than those of the backup: $before"
entries=$(k get alluxiobackup clean -o jsonpath='{.status.file.entries}')
k delete alx small --wait --timeout=60s
stopped() { ! k get pod small-master-0 >/dev/null 2>&1; }
within 60 stopped

echo "a new cluster has the names of the old one"
k apply -f restored.yaml
cluster_ready restored
k get alx restored -o jsonpath='{.status.restore}{"\n"}'
[ "$(of state) $(of entries) $(of attempt)" = "Restored $entries 1" ] || fail "the restore is $(of state) with $(of entries) of $entries entries"
after=$(names restored)
[ "$before" = "$after" ] || fail "the names differ: $(diff <(echo "$before") <(echo "$after"))"
alluxio restored fs cat /many/7 | has -x 7 || fail "a restored file can't be read"

echo "the field can be removed, and neither added nor changed"
answer() { k patch alx restored --type merge -p "$1" 2>&1 || :; }
rule='spec.bootstrap.restore can be removed'
answer '{"spec":{"bootstrap":{"restore":{"backupName":"plain"}}}}' | has -F "$rule" || fail "another backup was accepted"
k patch alx restored --type merge -p '{"spec":{"bootstrap":null}}'
k delete alluxiobackup clean --wait
answer '{"spec":{"bootstrap":{"restore":{"backupName":"clean"}}}}' | has -F "$rule" || fail "a backup was accepted later"
cluster_ready restored
[ "$(of state)" = Restored ] || fail "the record of the restore is gone"
[ "$(k get pod restored-master-0 -o jsonpath='{.status.containerStatuses[0].restartCount}')" = 0 ] || fail "the master has restarted"
