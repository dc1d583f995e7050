# Two of three journals are gone: nobody may begin anew, and one that comes back is enough for all.
. ../../support/lib.sh
. ../../support/quorum.sh
echo "1. $(date +%T) two masters lose their journals at once"
for pod in ha-master-1 ha-master-2; do
    k exec "$pod" -c master -- sh -c 'mkdir /journal/away && mv /journal/raft /journal/away/'
done
k delete pod ha-master-1 ha-master-2 --wait=false --grace-period=1 >/dev/null
within 120 reason JournalInitialized JournalMissing
within 30 phase Degraded
condition ha JournalInitialized message; echo
condition ha JournalInitialized message | has "delete the AlluxioCluster and PVCs journal-ha-master-0, journal-ha-master-1, journal-ha-master-2" || fail "the ways out are not named"
sleep 20
[ -z "$(permitted ha-master-1 ha-master-2)" ] || fail "somebody was permitted to begin anew"
stopped() { [ "$(condition ha MastersServing status)" = False ]; }
within 60 stopped || fail "somebody serves"

echo "2. $(date +%T) the data of one volume is brought back"
brought() { k exec ha-master-1 -c journal-check -- mv /journal/away/raft /journal/raft; }
within 60 brought
back ha-master-1 || back ha-master-2
echo "$(date +%T) all are back"
members
[ "$(permitted ha-master-1 ha-master-2)" = "$(uid ha-master-2)" ] || fail "not ha-master-2 alone was permitted"
alluxio ha fs ls / | has /only-in-alluxio || fail "the name space is not the one from before"
