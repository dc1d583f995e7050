. ./in-place.sh
before=$(names)
k patch alx small --type merge -p '{"spec":{"restoreInPlace":null}}'

echo "the volume of the journal is gone"
# Kubernetes keeps a PVC while a finished pod names it; the Jobs of the journal go by themselves after ten minutes.
k delete jobs -l app.kubernetes.io/component=journal --wait
k delete pvc journal-small-master-0 --wait=false
k delete pod small-master-0 --wait
offer() { condition small JournalInitialized message; condition small VolumesAvailable message; }
offered() { offer | has -F 'Or restore AlluxioBackup good'; }
within 120 offered
offer
echo

restore good
after=$(names)
[ "$before" = "$after" ] || fail "the names differ: $(diff <(echo "$before") <(echo "$after"))"
alluxio small fs cat /many/7 | has -x 7 || fail "a restored file can't be read"
alluxio small fs cat /kept | has -x 1 || fail "a file in the memory of a worker was lost"
of withoutSafetyBackup | has -F 'no master leads' || fail "$(of withoutSafetyBackup)"

echo "the same manifest restores nothing once more"
text=$(of confirmation)
k patch alx small --type merge -p '{"spec":{"restoreInPlace":null}}'
k patch alx small --type merge -p "{\"spec\":{\"restoreInPlace\":{\"backupName\":\"good\",\"confirmation\":\"$text\"}}}"
sleep 5
in_state Restored || fail "the restore is in $(of state)"
cluster_ready small
