. ../../support/lib.sh

uid() { k get pod lake-master-0 -o jsonpath='{.metadata.uid}'; }
namenode() { k exec namenode -- sh -c "for p in /proc/[0-9]*; do grep -q '[N]ameNode' \$p/cmdline 2>/dev/null && kill -$1 \${p#/proc/}; done; true"; }
held() { [ "$(condition lake UpToDate reason)" = HeldForUfs ]; }
change() { k patch alx lake --type merge -p "{\"spec\":{\"masters\":{\"properties\":{\"alluxio.master.journal.checkpoint.period.entries\":\"$1\"}}}}"; }
before=$(uid)

echo "a name node that hangs: its port is open"
namenode STOP
change 300000
within 60 held
condition lake UpToDate message | tee /dev/stderr | has 'no answer in time' || fail "the message names another trouble"; echo
[ "$(k exec lake-master-0 -c master -- alluxio fs cat /outside)" = "from outside" ] || fail "what is cached isn't served"
[ "$(uid)" = "$before" ] || fail "the master was replaced"

echo "and it goes on"
namenode CONT
cluster_ready lake
after=$(uid)
[ "$after" != "$before" ] || fail "the master wasn't replaced"

echo "nobody listens"
k delete pod namenode --wait >/dev/null
change 310000
within 60 held
condition lake UpToDate message; echo
sleep 5
[ "$(uid)" = "$after" ] || fail "the master was replaced"
k patch alx lake --type merge -p '{"spec":{"masters":{"properties":null}}}'
