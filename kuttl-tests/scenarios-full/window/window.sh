. ../../support/lib.sh
reason() { [ "$(condition small UpToDate reason)" = "$1" ]; }
uids() { k get pods -l app.kubernetes.io/component=worker -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
kept() { comm -12 <(echo "$before") <(uids) | wc -l; }
# window MINUTES: opens so many minutes from now, every day, by the clock of another zone.
window() { TZ=Pacific/Kiritimati date -d "$1 minutes" '+%-M %-H * * *'; }
before=$(uids)
k patch alx small --type merge -p '{"spec":{"upgrade":{"canarySeconds":25,"maintenanceWindow":{"start":"'"$(window 40)"'","durationMinutes":20,"timeZone":"Pacific/Kiritimati"}},"workers":{"properties":{"alluxio.worker.free.space.timeout":"20s"}}}}'
within 30 reason WaitingForWindow || { k get alx small -o yaml; fail "it doesn't wait"; }
condition small UpToDate message; echo
sleep 15
[ "$(uids)" = "$before" ] || fail "a worker was replaced outside of the window"
[ "$(condition small Ready status)" = True ] || fail "a cluster that waits for its window isn't Ready: $(condition small Ready message)"

k patch alx small --type merge -p '{"spec":{"upgrade":{"maintenanceWindow":{"start":"'"$(window -2)"'"}}}}'
within 60 reason Canary || { k get alx small -o yaml; fail "no worker goes first"; }
condition small UpToDate message; echo
[ "$(kept)" = 1 ] || fail "$(kept) of two workers are those of before"
since=$SECONDS
within 90 reason UpToDate || { k get alx small -o yaml; fail "the other doesn't follow"; }
[ "$(kept)" = 0 ] || fail "a worker is that of before"
echo "the other had followed after $((SECONDS - since)) s"
